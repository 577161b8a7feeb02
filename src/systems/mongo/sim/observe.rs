//! What a simulated set reports: `hello`, status, server status, operations in progress, configuration.

use std::time::Duration;

use jiff::Timestamp;

use super::{ELECTION, Set};
use crate::mongo::{
    facts::{Config, Hello, MemberState, Membership, OpTime, Peering, Server, Status},
    operations::{Kind, Operation, Operations},
};
use base::{
    now::Now,
    observed::{Fault, FaultKind},
};

/// How long each server has been up.
const UPTIME: Duration = Duration::from_secs(19 * 86_400);

impl Set {
    /// What a member has applied by now, and when that was written: a hundred writes a second, in hundredths of a second.
    fn applied(&self, place: usize, now: Now) -> (OpTime, Timestamp) {
        let lag = if self.primary == Some(place) { 0.0 } else { self.lag(place, now.boot) };
        let back = jiff::SignedDuration::from_millis(millis(lag));
        let wall = now.wall.checked_sub(back).unwrap_or(now.wall).as_millisecond() / 10 * 10;
        let secs = u32::try_from(wall.div_euclid(1000)).unwrap_or(0);
        let inc = u32::try_from(wall.rem_euclid(1000) / 10 + 1).unwrap_or(1);
        // Every operation of the simulated oplog has the term at the time of reading: elections lose nothing here.
        let op = OpTime { term: i64::try_from(self.term).unwrap_or(i64::MAX), secs, inc };
        (op, Timestamp::from_millisecond(wall).unwrap_or(now.wall))
    }

    pub(super) fn hello(&self, place: Option<usize>, now: Now) -> Hello {
        let Some(place) = place else {
            return Hello { heard: now.boot, waits: true, local_time: Some(now.wall), ..Hello::default() };
        };
        let leads = self.primary == Some(place);
        Hello {
            heard: now.boot,
            set_name: Some(self.name.clone()),
            me: Some(self.members[place].config.host.clone()),
            writable: leads && now.boot >= self.writable_at,
            waits: false,
            secondary: !leads && !self.members[place].config.arbiter,
            arbiter: self.members[place].config.arbiter,
            primary: self.primary.filter(|p| self.sees(place, *p)).map(|p| self.members[p].config.host.clone()),
            hosts: self.members.iter().map(|m| m.config.host.clone()).collect(),
            arbiters: Vec::new(),
            delay: Duration::ZERO,
            term: leads.then_some(self.term),
            last_write: Some(self.applied(place, now).0),
            local_time: Some(now.wall),
        }
    }

    pub(super) fn status(&self, place: Option<usize>, now: Now) -> Membership {
        let Some(place) = place else { return Membership::Waiting };
        let (op, wall) = self.applied(place, now);
        let state = |i| match i {
            i if !self.sees(place, i) => MemberState::Down,
            i if self.primary == Some(i) => MemberState::Primary,
            i if self.members[i].config.arbiter => MemberState::Arbiter,
            _ => MemberState::Secondary,
        };
        let peers = self.members.iter().enumerate().map(|(i, m)| Peering {
            host: m.config.host.clone(),
            state: state(i),
            up: self.sees(place, i),
            ping: (i != place).then(|| {
                let far = m.side != self.members[place].side;
                Duration::from_millis(if far { 66 } else { 1 })
            }),
        });
        Membership::In(Box::new(Status {
            state: state(place),
            term: i64::try_from(self.term).ok(),
            date: now.wall,
            applied: Some(op),
            applied_wall: Some(wall),
            sync_source: self
                .primary
                .filter(|p| *p != place && self.sees(place, *p))
                .map(|p| self.members[p].config.host.clone()),
            uptime: Some(UPTIME),
            led: (self.primary == Some(place)).then(|| now.boot.saturating_sub(self.led_at)),
            majority: u32::try_from(self.members.len() / 2 + 1).ok(),
            members: peers.collect(),
            initial_sync: None,
        }))
    }

    pub(super) fn server(&self, place: Option<usize>, now: Now) -> Server {
        let window = place.map(|p| {
            let reach = 30.0 * 3600.0 * (1.0 + 0.5 * self.members[p].phase);
            (now.wall - jiff::SignedDuration::from_millis(millis(reach)), now.wall)
        });
        Server { version: self.release.clone(), oplog: window, flow_lagged: Some(false), uptime: Some(UPTIME) }
    }

    /// Continuous small writes, and a long operation that a user has begun.
    pub(super) fn operations(&self, now: Now) -> Result<Operations, Fault> {
        let from = self.primary.filter(|p| self.up(*p));
        let none = || Fault::new(FaultKind::Empty, format!("{}: no primary", self.name));
        let member = &self.members[from.ok_or_else(none)?];
        let small = Operation {
            kind: Kind::Write,
            what: "update".to_owned(),
            namespace: format!("{0}.{0}", self.name),
            running: Duration::from_millis(4 + u64::from(now.boot.subsec_millis() % 37)),
        };
        let long = self
            .long
            .iter()
            .map(|(op, since)| Operation { running: op.running + now.boot.saturating_sub(*since), ..op.clone() });
        Ok(Operations::new(&member.config.host, long.chain([small]).collect()))
    }

    pub(super) fn config(&self, now: Now) -> Result<Config, Fault> {
        let from = self.primary.or_else(|| (0..self.members.len()).find(|&i| self.up(i)));
        let Some(from) = from else {
            return Err(Fault::new(FaultKind::Unreachable, format!("{}: no member answers", self.name)));
        };
        Ok(Config {
            set: self.name.clone(),
            version: self.version,
            term: i64::try_from(self.term).ok(),
            members: self.members.iter().map(|m| m.config.clone()).collect(),
            committed: self.primary.is_some().then_some(self.is_spread(now.boot)),
            default_write: self.primary.filter(|_| !self.mute).map(|_| self.default_write),
            from: self.members[from].config.host.clone(),
            election_timeout: Some(ELECTION),
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a simulation")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}
