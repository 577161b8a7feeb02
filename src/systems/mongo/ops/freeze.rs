//! `replSetFreeze`: keeping the members of a side from standing for election, and lifting that.

use super::{Call, Op, Version, command};
use crate::mongo::set::Set;
use base::{
    now::Now,
    operation::{Change, Draft, Drafted, Operation, Precondition},
    side::Side,
};

impl Set {
    pub(super) fn draft_freeze(&self, side: Side, secs: u32, now: Now) -> Drafted<Call, Version> {
        let mut faults = Vec::new();
        let stand = self.stand(now, &mut faults);
        let Some(stand) = stand.filter(|_| faults.is_empty()) else { return Err(faults) };
        let hosts = stand.config.members.iter().filter(|m| !m.arbiter && m.host != *stand.leader);
        let hosts: Vec<&str> = hosts.map(|m| m.host.as_str()).filter(|host| self.side(host) == Some(side)).collect();
        let mut draft = Draft::nothing();
        draft.ops = hosts.iter().map(|host| self.freeze(host, secs)).collect();
        if self.side(&stand.leader) == Some(side) {
            draft.notes.push(format!("{} is primary: a primary cannot be frozen", stand.leader));
        }
        if secs > 0 {
            draft.inverse = hosts.iter().map(|host| self.freeze(host, 0)).collect();
            draft.notes.push(format!("it ends after {secs} s, and when a member restarts"));
        }
        let state = |on: bool| {
            if on { format!("do not stand for election for {secs} s") } else { "may stand for election".to_owned() }
        };
        draft.diff.push(Change {
            thing: format!("{}: {} of the {side}", self.name, hosts.join(", ")),
            from: "as they are".to_owned(),
            to: state(secs > 0),
        });
        Ok(draft)
    }

    pub(super) fn freeze(&self, host: &str, secs: u32) -> Op {
        let call = Call::Freeze { set: self.name.clone(), host: host.to_owned(), secs, lapse: None };
        let (kind, quarantine) = call.kind();
        let what = if secs == 0 {
            format!("{host} may stand for election again")
        } else {
            format!("{host} does not stand for election for {secs} s")
        };
        let mark = Version { version: 0, term: 0, leader: None };
        let command = command::of(&self.shell(), &call, &mark, host, host);
        Operation { what, call, kind, cleanup: false, precondition: Precondition::None, quarantine, command }
    }
}
