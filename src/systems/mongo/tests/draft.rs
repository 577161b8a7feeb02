//! The operations of a move, and what prevents it from being drafted.

use super::*;
use crate::{
    mongo::ops::{Call, Until, Version},
    planner::Planner,
};
use base::{
    operation::{Draft, Precondition},
    step::Kind,
};
use plan::Action;

pub(super) fn to(side: Side) -> Action {
    Action::MovePrimary { set: "orders".into(), to: side }
}

impl Run {
    pub(super) fn draft(&self, action: &Action) -> Result<Draft<Call, Version>, Vec<Fault>> {
        self.state.draft(action, self.now).expect("an action of this system")
    }

    fn alter(&mut self, n: u32, change: impl FnOnce(&mut crate::mongo::facts::ConfigMember)) {
        let host = format!("127.0.0.1:{n}");
        self.change(|c| change(c.members.iter_mut().find(|m| m.host == host).expect("a member")));
    }

    fn change(&mut self, change: impl FnOnce(&mut crate::mongo::facts::Config)) {
        let set = &mut self.state.sets[0];
        let (mut config, stamp) = set.config.last().map(|(c, s)| (c.clone(), s)).expect("a configuration");
        change(&mut config);
        set.config.set(config, stamp);
    }
}

fn text(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(" / ")
}

#[test]
fn a_move_is_pinned_stepped_down_and_restored() {
    let run = Run::movable(1);
    let draft = run.draft(&to(Side::Target)).expect("a draft");
    assert_eq!(draft.broken, Vec::<String>::new());
    let kinds: Vec<_> = draft.ops.iter().map(|op| (op.kind, op.cleanup)).collect();
    use Kind::{Compared, Lapses, Wait};
    let wanted = [
        (Compared, false),
        (Wait, false),
        (Wait, false),
        (Compared, false),
        (Wait, false),
        (Wait, true),
        (Lapses, true),
        (Wait, true),
        (Compared, true),
        (Wait, true),
    ];
    assert_eq!(kinds, wanted);
    let Call::Reconfig(pin) = &draft.ops[0].call else { panic!("a reconfig first") };
    assert_eq!((pin.version, pin.before.len(), pin.after.len()), (5, 5, 5));
    assert_eq!(
        draft.ops[0].precondition,
        Precondition::Observed(Version { version: 4, term: 7, leader: Some("127.0.0.1:101".into()) })
    );
    let Call::Wait { until: Until::Leads { host, after: 7 }, .. } = &draft.ops[4].call else { panic!("a wait") };
    // The two have equal priority, so that nothing takes over; all others have none.
    let priorities = |of: &[crate::mongo::facts::ConfigMember]| of.iter().map(|m| m.priority).collect::<Vec<_>>();
    for (m, p) in pin.after.iter().zip(priorities(&pin.after)) {
        let leads = m.host == "127.0.0.1:101" || m.host == *host;
        assert!(p == if leads { 2.0 } else { 0.0 }, "{m:?}");
    }
    let Call::Reconfig(restore) = &draft.ops[8].call else { panic!("a reconfig last") };
    assert_eq!((restore.version, &restore.before), (6, &pin.after));
    let highest = restore.after.iter().max_by(|a, b| a.priority.total_cmp(&b.priority)).expect("members");
    assert_eq!((&highest.host, highest.priority), (host, 3.0));
    // Where the move did not succeed, no member is preferred to the primary: that would arm a takeover.
    assert_eq!(restore.members("127.0.0.1:101"), pin.before);
    assert!(
        draft.notes.iter().any(|n| n.contains("can be elected")) && draft.notes.iter().any(|n| n.contains("66 ms"))
    );
    let pins = draft.diff.iter().filter(|c| c.thing.starts_with("priority, until restored,")).count();
    assert_eq!((pins, &*draft.diff[0].to), (4, &**host));
}

#[test]
fn a_draft_survives_the_journal() {
    let draft = Run::movable(1).draft(&to(Side::Target)).expect("a draft");
    let bytes = serde_json::to_vec(&draft).expect("written");
    assert_eq!(serde_json::from_slice::<Draft<Call, Version>>(&bytes).expect("read"), draft);
}

#[test]
fn what_a_person_pastes_compares_too() {
    let draft = Run::movable(1).draft(&to(Side::Target)).expect("a draft");
    let command = |at: usize| draft.ops[at].command.as_str();
    assert!(command(0).starts_with("mongosh 'mongodb://"), "{}", command(0));
    assert!(command(0).contains("if (Number(cfg.version) !== 4 || Number(cfg.term) !== 7) throw"));
    assert!(command(8).contains("if (Number(cfg.version) !== 5) throw"), "an older server's number may be a long one");
    assert!(
        command(8).contains(r#"cfg.version = typeof cfg.version === "number" ? 6 : NumberLong("6");"#),
        "{}",
        command(8)
    );
    // The pin must still be in place; otherwise the next primary is not determined.
    assert!(command(3).contains(".config.version) !== 5) throw"), "{}", command(3));
    assert!(command(3).contains("replSetStepDown: 60, secondaryCatchUpPeriodSecs: 2"));
    for op in &draft.ops {
        if matches!(op.call, Call::Wait { .. }) {
            // A person who pastes the whole list must not reach the step down before the wait has succeeded.
            assert!(op.command.contains("throw why; sleep(500)"), "{}", op.command);
        }
        assert_eq!(op.command.matches('\'').count(), 4, "{}", op.command);
        assert!(!op.command.contains("force"));
    }
}

#[test]
fn what_a_person_pastes_goes_where_the_plan_goes_and_no_servers_word_is_the_shells() {
    let mut plan = Arc::into_inner(plan()).expect("the only one");
    let set = &mut plan.replica_sets[0];
    set.uri = "mongodb+srv://orders.example.test/?tlsCAFile=/etc/ca.pem;retryWrites=false&readPreference=nearest&authMechanism=SCRAM-SHA-1".into();
    set.write = Some(plan::Login {
        username: "land fall".into(),
        password: plan::Secret::Env("NOT_SET".into()),
        auth_source: "users".into(),
    });
    let mut run = Run::of(&Arc::new(plan), 1);
    run.pass(5);
    run.alter(103, |m| m.tags = vec![("rack".into(), "$(rm x)'; \"`b`".into())]);
    let votes = Action::SetVotes { set: "orders".into(), votes: Sides { source: 2, target: 2 }, split_for: None };
    let freeze = Action::Freeze { set: "orders".into(), side: Side::Target, secs: 60 };
    let all = [votes, freeze].map(|action| run.draft(&action).expect("a draft").ops);
    for op in all.iter().flatten() {
        let tools = tempfile::tempdir().expect("a folder");
        // How a shell splits it: its words, a line each.
        let detail = tools.path().join("mongosh");
        std::fs::write(&detail, "#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done\n").expect("written");
        std::fs::set_permissions(&detail, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("permitted");
        let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap_or_default());
        let out =
            std::process::Command::new("sh").args(["-c", &op.command]).env("PATH", path).output().expect("a shell");
        let words = String::from_utf8(out.stdout).expect("text");
        let words: Vec<_> = words.split_terminator('\0').collect();
        let [uri, "--username", "land fall", "--authenticationDatabase", "users", "--eval", script] = words[..] else {
            panic!("{}: {words:?}", op.command)
        };
        assert!(uri.ends_with("&tlsCAFile=/etc/ca.pem&authMechanism=SCRAM-SHA-1&tls=true"), "{uri}");
        if uri.contains("directConnection") {
            assert!(script.contains(r#"if (db.hello().setName !== "orders") throw"#), "{script}");
        }
        assert!(!script.contains("replSetReconfig") || script.contains(r#""rack": "$(rm x)'; \"`b`""#), "{script}");
    }
}

#[test]
fn other_actions_are_of_other_systems_and_unknown_sets_are_faults() {
    let run = Run::movable(1);
    let other = Action::Manual { what: "x".into() };
    assert!(run.state.draft(&other, run.now).is_none() && run.state.is_satisfied(&other, run.now).is_none());
    let nobody = Action::MovePrimary { set: "nobody".into(), to: Side::Target };
    assert_eq!(run.draft(&nobody).expect_err("a fault")[0].kind, FaultKind::NotFound);
    assert!(matches!(run.state.is_satisfied(&nobody, run.now), Some(Observed::Unknown(_))));
}

#[test]
fn what_is_so_already_takes_nothing() {
    let run = Run::movable(1);
    let draft = run.draft(&to(Side::Source)).expect("a draft");
    assert!(draft.ops.is_empty() && draft.inverse.is_empty() && draft.broken.is_empty());
    assert_eq!(run.state.is_satisfied(&to(Side::Source), run.now).and_then(Observed::fresh), Some(true));
    assert_eq!(run.state.is_satisfied(&to(Side::Target), run.now).and_then(Observed::fresh), Some(false));
}

#[test]
fn nothing_stale_or_blind_or_never_seen_is_drafted_upon_and_all_faults_are_reported() {
    let mut run = Run::movable(1);
    let later = |s: u64| Now { boot: run.now.boot + Duration::from_secs(s), ..run.now };
    for (seconds, word) in [(8, "stale, last read"), (100, "SILENT")] {
        let faults = run.state.draft(&to(Side::Target), later(seconds)).expect("of this system").expect_err("faults");
        assert!(faults.len() >= 4 && text(&faults).contains(word), "{}", text(&faults));
        assert!(run.state.is_satisfied(&to(Side::Target), later(seconds)).is_some_and(|m| !m.is_fresh()));
    }
    run.cut = Some(("mongo/", FaultKind::Refused));
    run.pass(1);
    assert!(run.draft(&to(Side::Target)).expect_err("faults").len() >= 4);
    let never = Run::of(&run.state.plan, 1);
    assert!(text(&never.draft(&to(Side::Target)).expect_err("faults")).contains("not known yet"));
    // One missing condition is enough.
    let mut run = Run::movable(1);
    run.cut = Some(("/config", FaultKind::TimedOut));
    run.pass(1);
    let faults = run.draft(&to(Side::Target)).expect_err("a fault");
    assert!(text(&faults).contains("configuration"), "{}", text(&faults));
}

#[test]
fn a_configuration_on_its_way_is_waited_for() {
    let mut run = Run::movable(1);
    run.change(|c| c.committed = Some(false));
    assert!(text(&run.draft(&to(Side::Target)).expect_err("a fault")).contains("majority"));
    let mut run = Run::movable(1);
    run.change(|c| c.term = Some(6));
    assert!(text(&run.draft(&to(Side::Target)).expect_err("a fault")).contains("term 6"));
    let mut run = Run::movable(1);
    run.change(|c| c.term = None);
    assert!(text(&run.draft(&to(Side::Target)).expect_err("a fault")).contains("forced a reconfiguration"));
}

#[test]
fn a_target_that_cannot_lead_is_not_chosen() {
    let mut run = Run::movable(1);
    run.alter(103, |m| m.votes = 0);
    run.alter(104, |m| m.hidden = true);
    let draft = run.draft(&to(Side::Target)).expect("one is left");
    assert_eq!(draft.diff[0].to, "127.0.0.1:105");
    run.alter(105, |m| m.delay = Duration::from_secs(60));
    let faults = run.draft(&to(Side::Target)).expect_err("nobody is left");
    for why in ["103 has no vote", "104 is hidden", "105 is delayed"] {
        assert!(text(&faults).contains(why), "{}", text(&faults));
    }
    // In the configuration, and down.
    let mut run = Run::movable(1);
    for n in 103..105 {
        run.sim.stop(&format!("127.0.0.1:{n}"));
    }
    run.pass(10);
    let draft = run.draft(&to(Side::Target)).expect("one is left");
    assert_eq!(draft.diff[0].to, "127.0.0.1:105");
    // Three of five are up: a majority; but after the move the target's own site has no majority that is up.
    assert!(draft.broken.iter().any(|b| b.contains("majority that is up")), "{:?}", draft.broken);
}

#[test]
fn without_a_primary_nothing_is_drafted() {
    let mut run = Run::movable(1);
    run.sim.stop("127.0.0.1:101");
    run.pass(4);
    assert!(text(&run.draft(&to(Side::Target)).expect_err("faults")).contains("no primary"));
    assert_eq!(run.state.is_satisfied(&to(Side::Target), run.now).and_then(Observed::fresh), Some(false));
}

#[test]
fn a_primary_away_from_its_majority_is_forbidden() {
    // Three at the source, two at the target.
    let mut run = Run::new();
    run.pass(5);
    let draft = run.draft(&to(Side::Target)).expect("a draft");
    assert!(draft.broken.iter().any(|b| b.contains("source 3, target 2")), "{:?}", draft.broken);
}

#[test]
fn two_writers_or_eight_votes_are_forbidden() {
    let mut run = Run::movable(1);
    run.alter(101, |m| m.votes = 4);
    assert!(run.draft(&to(Side::Target)).expect("a draft").broken.iter().any(|b| b.contains("8 votes")));
    let mut run = Run::movable(1);
    let member = &mut run.state.sets[0].members["127.0.0.1:105"];
    let (mut hello, stamp) = member.hello.last().map(|(h, s)| (h.clone(), s)).expect("a greeting");
    (hello.writable, hello.term) = (true, Some(6));
    member.hello.set(hello, stamp);
    assert!(run.draft(&to(Side::Target)).expect("a draft").broken.iter().any(|b| b.contains("more than one member")));
}

#[test]
fn a_priority_beyond_the_servers_range_is_not_asked_for() {
    let mut run = Run::movable(1);
    run.alter(102, |m| m.priority = 1000.0);
    assert!(text(&run.draft(&to(Side::Target)).expect_err("a fault")).contains("cannot get the highest priority"));
}

#[test]
fn a_shell_that_sees_the_names_of_the_inside_restores_the_same_priorities() {
    let mut run = Run::movable(1);
    run.change(|config| {
        for m in &mut config.members {
            m.inside = Some(m.host.replace("127.0.0.1", "inside"));
        }
    });
    let draft = run.draft(&to(Side::Target)).expect("a draft");
    let restore = &draft.ops[8].command;
    assert!(restore.contains(r#"["127.0.0.1:104","inside:104"].includes(db.hello().primary)"#), "{restore}");
    assert!(
        draft.ops[2].command.contains(r#"["127.0.0.1:104","inside:104"].includes(m.name)"#),
        "{}",
        draft.ops[2].command
    );
}

#[test]
fn a_freeze_that_a_primary_refuses_is_not_there() {
    use crate::planner::SimulateWrites;
    use base::step::{Reply, Truth};
    let mut run = Run::movable(1);
    let freeze = Call::Freeze { set: "orders".into(), host: "127.0.0.1:101".into(), secs: 60, lapse: None };
    let sent = State::write(&mut run.sim, "tag", &freeze, None, run.now);
    assert_eq!(sent.reply, Reply::Refused);
    assert_eq!(State::verify(&mut run.sim, "tag", &freeze, None, run.now).truth, Truth::Conflict);
}
