//! A set is extended, given votes, and rolled back: each step drafted on observations, run on the simulated servers, read back.

use crate::{
    System,
    mongo::{Query, State, facts::Peer},
    planner::{
        Planner,
        played::{Played, one_step, plan},
    },
};
use base::side::{Side, Sides};
use plan::Action;

const PLAN: &str = r#"
[[replica_set]]
name = "catalog"
uri = "mongodb://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3/?replicaSet=catalog"
write_login = { username = "operate", password = { file = "/dev/null" } }
source = { tag = "region", value = "us-east-1" }
target = { tag = "region", value = "us-west-2" }
candidates = ["127.0.0.1:4", "127.0.0.1:5"]
"#;

fn set() -> String {
    "catalog".to_owned()
}

fn votes(source: u8, target: u8, split: bool) -> Action {
    let split_for = split.then_some(std::time::Duration::from_secs(600));
    Action::SetVotes { set: set(), votes: Sides { source, target }, split_for }
}

/// Votes, priorities and hidden flags, member by member: `1/2 1/1 0/0h`.
fn members(p: &Played<State>) -> String {
    let (config, _) = p.state.sets[0].config.last().expect("a configuration");
    let one = |m: &super::super::facts::ConfigMember| {
        format!("{}/{}{}", m.votes, m.priority, if m.hidden { "h" } else { "" })
    };
    config.members.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Drafts, runs and reads; returns the inverse.
fn done(
    p: &mut Played<State>,
    action: &Action,
) -> Vec<base::operation::Operation<super::super::Call, super::super::Version>> {
    let draft = p.draft(action).unwrap_or_else(|faults| panic!("{action:?}: {faults:?}"));
    assert_eq!(draft.broken, Vec::<String>::new(), "{action:?}");
    assert!(!draft.ops.is_empty() && !draft.diff.is_empty(), "{action:?}");
    p.play(&draft.ops);
    p.pass(5);
    draft.inverse
}

#[test]
fn a_set_is_extended_voted_moved_and_taken_back_step_by_step() {
    let plan = plan(PLAN);
    let mut p = Played::<State>::new(&plan);
    p.pass(5);
    assert_eq!(members(&p), "1/2 1/1 1/1");
    let story = [
        (Action::AddMembers { set: set() }, "1/2 1/1 1/1 0/0h 0/0h"),
        (Action::Unhide { set: set(), side: Side::Target }, "1/2 1/1 1/1 0/0 0/0"),
        (votes(3, 2, false), "1/2 1/1 1/1 1/0 1/0"),
        (Action::SetPriorities { set: set(), priorities: Sides { source: 2, target: 1 } }, "1/2 1/2 1/2 1/1 1/1"),
        (votes(1, 2, true), "1/2 0/0 0/0 1/1 1/1"),
    ];
    let mut backs = Vec::new();
    for (action, after) in &story {
        assert_eq!(p.is_satisfied(action), Some(false), "{action:?}");
        let before = members(&p);
        backs.push((done(&mut p, action), before));
        assert_eq!((members(&p), p.is_satisfied(action)), ((*after).to_owned(), Some(true)), "{action:?}");
        assert!(p.draft(action).expect("a draft").ops.is_empty(), "nothing is left to do: {action:?}");
    }
    let to = |side| Action::MovePrimary { set: set(), to: side };
    done(&mut p, &to(Side::Target));
    assert_eq!(p.is_satisfied(&to(Side::Target)), Some(true));
    // With one vote its site has no majority any more: noted, and sent only as a rollback.
    assert!(!p.draft(&to(Side::Source)).expect("a draft").broken.is_empty());
    // The primary is not removed and keeps its vote.
    let leave = Action::RemoveMembers { set: set(), side: Side::Target };
    assert!(p.draft(&leave).expect_err("faults").iter().any(|f| f.text.raw().contains("is primary")));
    let leave = Action::RemoveMembers { set: set(), side: Side::Source };
    let back = done(&mut p, &leave);
    assert_eq!(members(&p), "1/3 1/1");
    let back = p.state.inverse(&back, p.now).expect("a way back");
    p.play(&back.ops);
    p.pass(5);
    assert_eq!(members(&p), "1/3 1/1 1/2 0/0 0/0", "the same members, votes and priorities, in another order");
}

#[test]
fn every_step_is_taken_back_to_what_was_there_before() {
    let plan = plan(PLAN);
    let mut p = Played::<State>::new(&plan);
    p.pass(5);
    let mut backs = Vec::new();
    for action in [
        Action::AddMembers { set: set() },
        Action::Unhide { set: set(), side: Side::Target },
        votes(3, 2, false),
        Action::SetPriorities { set: set(), priorities: Sides { source: 2, target: 1 } },
        votes(1, 2, true),
    ] {
        let before = members(&p);
        backs.push((done(&mut p, &action), before));
    }
    for (back, before) in backs.into_iter().rev() {
        let back = p.state.inverse(&back, p.now).expect("a way back");
        p.play(&back.ops);
        p.pass(5);
        assert_eq!(members(&p), before);
    }
}

#[test]
fn what_costs_the_majority_or_lets_somebody_take_over_is_forbidden() {
    let plan = plan(PLAN);
    let mut p = Played::<State>::new(&plan);
    p.pass(5);
    for action in
        [Action::AddMembers { set: set() }, Action::Unhide { set: set(), side: Side::Target }, votes(3, 2, false)]
    {
        done(&mut p, &action);
    }
    let broken = |p: &Played<State>, action: &Action| p.draft(action).expect("a draft").broken.join(" / ");
    // The end has a majority at the primary's site again, but not the path to it: two and two.
    assert!(broken(&p, &votes(1, 2, false)).contains("split_for"), "{}", broken(&p, &votes(1, 2, false)));
    let take_over = Action::SetPriorities { set: set(), priorities: Sides { source: 2, target: 3 } };
    assert!(broken(&p, &take_over).contains("would take over"));
    let many = votes(4, 2, false);
    assert!(p.draft(&many).expect_err("there are three").iter().any(|f| f.text.raw().contains("cannot vote")));
}

#[test]
fn members_are_frozen_and_thawed_but_not_the_primary() {
    let plan = plan(PLAN);
    let mut p = Played::<State>::new(&plan);
    p.pass(5);
    let freeze = Action::Freeze { set: set(), side: Side::Source, secs: 60 };
    let draft = p.draft(&freeze).expect("a draft");
    assert_eq!((draft.ops.len(), draft.inverse.len()), (2, 2), "of three, one leads");
    p.play(&draft.ops);
    let back = p.state.inverse(&draft.inverse, p.now).expect("a way back");
    assert!(back.ops.len() == 2 && back.ops.iter().all(|op| op.what.contains("may stand for election again")));
    p.play(&back.ops);
}

#[test]
fn an_arbiter_leaves_as_a_whole_and_what_the_server_will_refuse_is_foreseen() {
    for release in ["4.4.2", "6.0.27"] {
        let plan = plan(PLAN);
        let mut p = Played::<State>::new(&plan);
        p.sim.arbiter("127.0.0.1:3");
        p.sim.set_release("catalog", release);
        p.pass(5);
        assert_eq!(members(&p), "1/2 1/1 1/0");
        let mut backs = Vec::new();
        for action in [Action::AddMembers { set: set() }, Action::Unhide { set: set(), side: Side::Target }] {
            backs.push((done(&mut p, &action), String::new()));
        }
        if release.starts_with('6') {
            // With the fourth voter that holds data, writes would wait for a majority by default: no default has been set.
            let refused = p.draft(&votes(1, 2, true)).expect("a draft").broken;
            assert!(
                refused.iter().any(|why| why.contains("(103)") && why.contains("setDefaultRWConcern")),
                "{refused:?}"
            );
            p.sim.set_default_write("catalog");
            p.pass(5);
        }
        let before = members(&p);
        let draft = p.draft(&votes(1, 2, true)).expect("a draft");
        assert!(draft.notes.iter().any(|note| note.contains("127.0.0.1:3 is an arbiter")), "{:?}", draft.notes);
        let back = done(&mut p, &votes(1, 2, true));
        assert_eq!(members(&p), "1/2 0/0 1/0 1/0");
        assert_eq!(p.is_satisfied(&votes(1, 2, true)), Some(true));
        p.pass(5);
        let missed = |p: &Played<State>| {
            p.state.watched(p.now).into_iter().filter_map(|w| w.unknown("mongo")).map(|u| u.what).collect::<Vec<_>>()
        };
        assert!(
            missed(&p).iter().all(|what| !what.contains("127.0.0.1:3 ")),
            "it answers that it is in no set: {:?}",
            missed(&p)
        );
        let back = p.state.inverse(&back, p.now).expect("a way back");
        p.play(&back.ops);
        p.pass(5);
        let sorted = |members: &str| {
            let mut all: Vec<_> = members.split(' ').map(str::to_owned).collect();
            all.sort();
            all
        };
        assert_eq!(sorted(&members(&p)), sorted(&before), "the arbiter is back, with its vote");
        let (config, _) = p.state.sets[0].config.last().expect("a configuration");
        assert!(config.member("127.0.0.1:3").is_some_and(|m| m.arbiter));
        // A whole side with its arbiter, once the primary is on the target.
        done(&mut p, &votes(1, 2, true));
        done(&mut p, &Action::MovePrimary { set: set(), to: Side::Target });
        let leave = Action::RemoveMembers { set: set(), side: Side::Source };
        done(&mut p, &leave);
        assert_eq!(p.is_satisfied(&leave), Some(true));
    }
}

/// Changes the last observed configuration.
fn reconfigured(p: &mut Played<State>, host: &str, change: impl FnOnce(&mut super::super::facts::ConfigMember)) {
    let set = &mut p.state.sets[0];
    let (mut config, stamp) = set.config.last().map(|(c, s)| (c.clone(), s)).expect("a configuration");
    change(config.members.iter_mut().find(|m| m.host == host).expect("a member"));
    set.config.set(config, stamp);
}

#[test]
fn who_is_late_on_purpose_stays_hidden_and_keeps_nobody_else_so() {
    let plan = plan(PLAN);
    let mut p = Played::<State>::new(&plan);
    p.pass(5);
    done(&mut p, &Action::AddMembers { set: set() });
    reconfigured(&mut p, "127.0.0.1:5", |m| m.delay = std::time::Duration::from_secs(3600));
    let unhide = Action::Unhide { set: set(), side: Side::Target };
    assert_eq!(p.is_satisfied(&unhide), Some(false));
    let draft = p.draft(&unhide).expect("a draft");
    let described: Vec<_> = draft.ops.iter().map(|op| op.what.as_str()).collect();
    assert!(described[0].contains("127.0.0.1:4") && !described[0].contains("127.0.0.1:5"), "{described:?}");
    reconfigured(&mut p, "127.0.0.1:4", |m| m.hidden = false);
    assert_eq!(p.is_satisfied(&unhide), Some(true));
}

#[test]
fn priorities_are_met_where_an_arbiter_or_a_hidden_voter_has_none() {
    let plan = plan(PLAN);
    let mut p = Played::<State>::new(&plan);
    p.pass(5);
    let priorities = Action::SetPriorities { set: set(), priorities: Sides { source: 2, target: 1 } };
    for n in [2, 3] {
        reconfigured(&mut p, &format!("127.0.0.1:{n}"), |m| m.priority = 2.0);
    }
    assert_eq!(p.is_satisfied(&priorities), Some(true));
    reconfigured(&mut p, "127.0.0.1:2", |m| (m.hidden, m.priority) = (true, 0.0));
    reconfigured(&mut p, "127.0.0.1:3", |m| (m.arbiter, m.priority) = (true, 0.0));
    assert!(p.draft(&priorities).expect("a draft").ops.is_empty(), "nothing is left to do");
    assert_eq!(p.is_satisfied(&priorities), Some(true));
}

#[test]
fn the_way_back_of_an_arbiter_is_not_forbidden_for_what_is_not_known() {
    let plan = plan(PLAN);
    let mut p = Played::<State>::new(&plan);
    p.sim.arbiter("127.0.0.1:3");
    p.pass(5);
    for action in [Action::AddMembers { set: set() }, Action::Unhide { set: set(), side: Side::Target }] {
        done(&mut p, &action);
    }
    p.sim.set_default_write("catalog");
    p.pass(5);
    let back = done(&mut p, &votes(1, 2, true));
    // From here on nobody has permission to query it.
    p.sim.mute_default_write("catalog");
    p.pass(5);
    let back = p.state.inverse(&back, p.now).expect("a way back");
    assert_eq!(back.broken, Vec::<String>::new());
    assert!(back.notes.iter().any(|note| note.contains("is unknown")), "{:?}", back.notes);
    p.play(&back.ops);
    p.pass(5);
    // Forward, it has to be known; otherwise it is forbidden.
    assert!(p.draft(&votes(1, 2, true)).expect("a draft").broken.iter().any(|why| why.contains("(103)")));
}

#[test]
fn who_has_left_the_set_and_is_shut_down_is_missed_by_nobody() {
    let remove = one_step(r#"remove_members = { set = "catalog", side = "source" }"#);
    for (plan, all_gone) in [(plan(PLAN), false), (plan(&format!("{PLAN}{remove}")), true)] {
        let mut p = Played::<State>::new(&plan);
        p.pass(5);
        let to = |side| Action::MovePrimary { set: set(), to: side };
        for action in [
            Action::AddMembers { set: set() },
            Action::Unhide { set: set(), side: Side::Target },
            votes(1, 2, true),
            to(Side::Target),
            Action::RemoveMembers { set: set(), side: Side::Source },
        ] {
            done(&mut p, &action);
        }
        for n in 1..=3 {
            p.sim.stop(&format!("127.0.0.1:{n}"));
        }
        p.pass(5);
        let mut missed: Vec<_> =
            p.state.watched(p.now).into_iter().filter_map(|w| w.unknown("mongo")).map(|u| u.what).collect();
        // Members that are added later are not queried here.
        missed.retain(|what| !what.contains(":4") && !what.contains(":5"));
        let hello = |n: u32| Query::Hello(Peer { set: 0, host: format!("127.0.0.1:{n}").as_str().into() });
        assert_eq!((p.state.is_over(&hello(1), p.now), p.state.is_over(&hello(4), p.now)), (all_gone, false));
        if all_gone {
            assert_eq!(missed, Vec::<String>::new());
        } else {
            assert_eq!(missed.len(), 3, "hosts that the plan names, and no step takes out: {missed:?}");
        }
    }
}

#[test]
fn who_comes_back_is_as_late_as_it_was_and_never_under_one_of_several_names() {
    let plan = plan(PLAN);
    let mut p = Played::<State>::new(&plan);
    p.pass(5);
    done(&mut p, &Action::AddMembers { set: set() });
    reconfigured(&mut p, "127.0.0.1:5", |m| m.delay = std::time::Duration::from_secs(3600));
    let leave = Action::RemoveMembers { set: set(), side: Side::Target };
    let back = p.draft(&leave).expect("a draft").inverse;
    assert!(back[0].what.contains("127.0.0.1:5 is added: hidden, 1h00m late, votes 0"), "{}", back[0].what);
    assert!(
        back[0].command.contains("late: 3600, ")
            && back[0].command.contains(r#""slaveDelay" : "secondaryDelaySecs"]: w[h].late"#)
    );
    reconfigured(&mut p, "127.0.0.1:5", |m| m.inside = Some("inside:5".into()));
    let back = p.draft(&leave).expect("a draft").inverse;
    let set = &mut p.state.sets[0];
    let (mut config, stamp) = set.config.last().map(|(c, s)| (c.clone(), s)).expect("a configuration");
    config.members.retain(|m| m.host != "127.0.0.1:5");
    set.config.set(config, stamp);
    let faults = p.state.inverse(&back, p.now).expect_err("its other names are known to nobody here");
    assert!(faults.iter().any(|fault| fault.text.raw().contains("horizons")), "{faults:?}");
}
