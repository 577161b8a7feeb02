//! The signals on which gates are based. Ids are frozen once released.

use std::{cell::LazyCell, sync::Arc};

use super::{canary::Concern, facts::MemberState, leader::Leader, set::Set, view::has_no_data};
use base::{
    domain::{Domain, Named, Switch},
    now::{Age, Now},
    observed::{Fault, FaultKind, Observed},
    side::Side,
    signal::{Cost, CurvePanel, Keep, LINE, MAX, Samples},
};
use plan::things;

const BOOL: (f64, f64) = (0.0, 1.0);

/// What its labels may be. Members of a third site belong to neither side; a set's canary always writes with w:1.
pub(super) const LABELS: &[Named] = &[
    ("set", Domain::Of(&things::SETS)),
    (
        "w",
        Domain::Words {
            missing: "the canary does not write with w",
            words: &["1", "majority"],
            switch: Some(Switch { of: &things::SETS, label: "set", key: ("canary", "majority"), off: &["1"] }),
        },
    ),
    ("member", Domain::Free),
    ("side", Domain::Words { missing: "there is no side", words: &["source", "target", "other"], switch: None }),
];
/// What there is instead of a canary.
const WATCHED: &str = "mongo.set.write_downtime";

base::signals! { "mongo" in LABELS:
    PRIMARY_WRITABLE = "mongo.set.primary_writable", Bool, ["set"], BOOL, "primary accepts writes", "The set has a primary that accepts writes.";
    PRIMARIES = "mongo.set.primaries", Count, ["set"], (0.0, 50.0), "primaries", "Members that report themselves writable; more than one while an old primary does not yet know its successor.";
    PRIMARY_ON_TARGET = "mongo.set.primary_on_target", Bool, ["set"], BOOL, "primary is on the target", "The member that accepts writes is on the target side.";
    WRITE_DOWNTIME = "mongo.set.write_downtime", Seconds, ["set"], (0.0, MAX), "write downtime", "Time without a member that accepts writes in the whole run, by its journal and since the start, as observed: an upper bound, because members are polled.", cost(Cost::Lost);
    TARGET_SECONDARIES = "mongo.set.target_secondaries", Count, ["set"], (0.0, 50.0), "secondaries on the target", "Members on the target side in state SECONDARY.";
    WORST_TARGET_LAG = "mongo.set.worst_target_lag", Seconds, ["set"], (0.0, MAX), "worst lag on the target", "The worst lag of the members on the target side that have to follow. Not live while one of them is no SECONDARY.", keep(Keep::All), curve(CurvePanel::Lag, None, LINE);
    OPLOG_HEADROOM = "mongo.set.oplog_headroom", Seconds, ["set"], (-MAX, MAX), "oplog headroom", "The primary's oplog window less the worst lag of the target's members: how far a secondary may still fall behind.";
    CONFIG_COMMITTED = "mongo.set.config_committed", Bool, ["set"], BOOL, "configuration is committed", "A majority has the configuration that the primary has.";
    FLOW_CONTROL_LAGGED = "mongo.set.flow_control_lagged", Bool, ["set"], BOOL, "flow control throttles writes", "The primary throttles writes because a majority lags.";
    MAJORITY_IF_SOURCE_LOST = "mongo.set.majority_if_source_lost", Bool, ["set"], BOOL, "majority without the source", "A primary can be elected after the source side is lost.";
    MAJORITY_IF_TARGET_LOST = "mongo.set.majority_if_target_lost", Bool, ["set"], BOOL, "majority without the target", "A primary can be elected after the target side is lost.";
    MAJORITY_IF_LINK_LOST = "mongo.set.majority_if_link_lost", Bool, ["set"], BOOL, "majority without the link", "A primary can be elected after the link between the sides is lost.";
    PRIMARY_SITE_MAJORITY = "mongo.set.primary_site_majority", Bool, ["set"], BOOL, "majority at the primary's site", "The primary keeps its majority when the link is lost: its own site has one, or has it together with a third.";
    LONGEST_WRITE = "mongo.set.longest_write", Seconds, ["set"], (0.0, MAX), "longest write under way", "How long the longest write, transaction or index build on the primary has been running, which a step down would kill.";
    CANARY_WRITE_DOWNTIME = "mongo.canary.write_downtime", Seconds, ["set", "w"], (0.0, MAX), "canary's write downtime", "Time without acknowledged canary writes in the whole run, from the journal and since the start, as far as they could be measured; includes a current outage.", cost(Cost::Lost), needs("set", "canary", WATCHED);
    CANARY_GAP = "mongo.canary.gap", Seconds, ["set", "w"], (0.0, MAX), "canary's gap", "How long canary writes have not been acknowledged; 0 while they are.", needs("set", "canary", WATCHED);
    CANARY_LONGEST_GAP = "mongo.canary.longest_gap", Seconds, ["set", "w"], (0.0, MAX), "canary's longest gap", "The longest time without an acknowledged write of the canary in the last ten minutes.", cost(Cost::Longest), needs("set", "canary", WATCHED);
    MEMBER_LAG = "mongo.member.lag", Seconds, ["set", "member", "side"], (0.0, MAX), "replication lag", "Age of the oldest operation of the primary that the member has not applied. Not live while the member is no SECONDARY.";
    MEMBER_OPLOG_WINDOW = "mongo.member.oplog_window", Seconds, ["set", "member", "side"], (0.0, MAX), "oplog window", "How far back the member's oplog reaches.";
}

/// One set's signals.
pub(super) fn measure(set: &Set, now: Now, out: &mut Samples) {
    let name = &[set.name.as_str()];
    let flag = |on: bool| f64::from(u8::from(on));
    let leader = set.leader(now);
    out.put(&PRIMARY_WRITABLE, name, || leader.as_ref().map(|l| flag(l.host().is_some())));
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    out.put(&PRIMARIES, name, || leader.as_ref().map(|_| set.claims(now).len() as f64));
    let on_target = |l: &Leader| flag(l.host().is_some_and(|h| set.side(h) == Some(Side::Target)));
    out.put(&PRIMARY_ON_TARGET, name, || leader.as_ref().map(on_target));
    let lost = || set.downtime.spent(now.boot).at_most().saturating_add(set.carried.watched);
    out.put(&WRITE_DOWNTIME, name, || leader.map(|_| lost().as_secs_f64()));
    out.put(&TARGET_SECONDARIES, name, || target_secondaries(set, now));
    let lag = || set.worst_of_followers(Side::Target, now).map(|l| l.least().as_secs_f64());
    out.put(&WORST_TARGET_LAG, name, lag);
    let window = || set.of_leader(now, |m| m.server.at(now)).and_then(|s| s.window().ok_or_else(|| left_out("oplog")));
    out.put(&OPLOG_HEADROOM, name, || window().zip(lag()).map(|(w, lag)| w.as_secs_f64() - lag));
    out.put(&CONFIG_COMMITTED, name, || committed(set, now).map(flag));
    let flow =
        || set.of_leader(now, |m| m.server.at(now)).and_then(|s| s.flow_lagged.ok_or_else(|| left_out("flowControl")));
    out.put(&FLOW_CONTROL_LAGGED, name, || flow().map(flag));
    let quorum = LazyCell::new(|| set.quorum(now));
    out.put(&MAJORITY_IF_SOURCE_LOST, name, || quorum.as_ref().map(|q| flag(q.without_source)));
    out.put(&MAJORITY_IF_TARGET_LOST, name, || quorum.as_ref().map(|q| flag(q.without_target)));
    out.put(&MAJORITY_IF_LINK_LOST, name, || quorum.as_ref().map(|q| flag(q.without_link)));
    out.put(&PRIMARY_SITE_MAJORITY, name, || quorum.as_ref().map(|q| flag(q.at_home)));
    out.put(&LONGEST_WRITE, name, || set.under_way(now).map(|o| o.longest().as_secs_f64()));
    for def in [&CANARY_WRITE_DOWNTIME, &CANARY_GAP, &CANARY_LONGEST_GAP] {
        let loops = set.planned().canary.iter().flat_map(Concern::of);
        out.due(def, name, || {
            let series = loops.map(|concern| vec![set.name.clone(), concern.word().to_owned()]).collect();
            Observed::Fresh(series, Age::default())
        });
    }
    for (concern, sample) in &set.canaries {
        let (labels, sample) = (&[&*set.name, concern.word()], sample.at(now));
        let before = set.carried.canary_gap(*concern);
        out.put(&CANARY_WRITE_DOWNTIME, labels, || {
            sample.clone().map(|f| (f.downtime(now.boot) + before).as_secs_f64())
        });
        out.put(&CANARY_GAP, labels, || sample.clone().map(|f| f.gap(now.boot).as_secs_f64()));
        out.put(&CANARY_LONGEST_GAP, labels, || sample.map(|f| f.longest(now.boot).as_secs_f64()));
    }
    if out.wants_any(&[&MEMBER_LAG, &MEMBER_OPLOG_WINDOW]) {
        measure_members(set, now, out);
    }
}

fn measure_members(set: &Set, now: Now, out: &mut Samples) {
    let name = &[set.name.as_str()];
    let series = |hosts: Vec<&Arc<str>>| {
        let of = |host: &str| vec![set.name.clone(), host.to_owned(), side_word(set.side(host)).to_owned()];
        hosts.into_iter().map(|host| of(host)).collect()
    };
    let followers = set.followers(now);
    out.due(&MEMBER_LAG, name, || followers.clone().map(series));
    out.due(&MEMBER_OPLOG_WINDOW, name, || set.carriers(now).map(series));
    let follows = |host: &Arc<str>| followers.as_ref().shown().is_some_and(|hosts| hosts.contains(&host));
    for (host, member) in set.distinct() {
        let labels = &[&set.name, &**host, side_word(set.side(host))];
        if follows(host) {
            out.put(&MEMBER_LAG, labels, || set.follows_by(host, now).map(|l| l.least().as_secs_f64()));
        } else if let Some(lag) = set.lag(host, now) {
            out.put(&MEMBER_LAG, labels, || lag.map(|l| l.least().as_secs_f64()));
        }
        if !has_no_data(set, host, member, now) {
            let window = member.server.at(now).and_then(|s| s.window().ok_or_else(|| left_out("oplog")));
            out.put(&MEMBER_OPLOG_WINDOW, labels, || window.map(|w| w.as_secs_f64()));
        }
    }
}

/// Whether a majority has the configuration. Only a primary reports this: without one it is unknown, whatever the last one reported.
pub(super) fn committed(set: &Set, now: Now) -> Observed<bool> {
    set.of_leader(now, |_| set.config.at(now)).and_then(|c| {
        if let Some(forced) = c.forced() {
            return Err(Fault::new(FaultKind::Unsupported, format!("{}: {forced}", set.name)));
        }
        let text =
            format!("{}: {} is no primary and cannot say whether the configuration is committed", set.name, c.from);
        c.committed.ok_or_else(|| Fault::new(FaultKind::Unsupported, text))
    })
}

/// By the primary's view, so that a member that is down counts as such instead of making the number unknown.
fn target_secondaries(set: &Set, now: Now) -> Observed<f64> {
    set.leaders_view(now).map(|status| {
        let on_target = |host: &str| set.side(host) == Some(Side::Target);
        let n =
            status.members.iter().filter(|p| p.up && p.state == MemberState::Secondary && on_target(&p.host)).count();
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let n = n as f64;
        n
    })
}

fn left_out(field: &str) -> Fault {
    Fault::new(FaultKind::Unsupported, format!("serverStatus has no `{field}` on this version"))
}

/// The side's word; `other` for a third site.
pub(super) fn side_word(side: Option<Side>) -> &'static str {
    side.map_or("other", Side::word)
}
