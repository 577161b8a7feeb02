//! From one configuration to another, in as many as the servers require: one vote at a time, and none that any of them would refuse.
//!
//! Source of the rules: measured on 4.4 to 6.0; see `rules.rs` of the simulation, which refuses what the servers refuse.

use crate::mongo::facts::ConfigMember;

/// With more votes than this the server still accepts configurations that add members one by one (`newlyAdded`): it is refused here.
pub(super) const VOTES: u32 = 7;

/// The configurations on the path, the last one as wanted except for the order of members; none if it is so already.
///
/// First all changes that leave votes as they are, new members included; then one vote after the other, granted before withdrawn as long as
/// the limit allows; last, members are removed. An arbiter only votes, and its vote cannot be withdrawn (93): it is added with it, and
/// removed with it, before a member with data loses its vote, so that no primary is left with an arbiter alone.
pub(super) fn path(observed: &[ConfigMember], wanted: &[ConfigMember]) -> Vec<Vec<ConfigMember>> {
    let goal = |host: &str| wanted.iter().find(|m| m.host == host);
    let mut now: Vec<ConfigMember> = observed.iter().map(|m| without_vote_change(m, goal(&m.host))).collect();
    let new = wanted.iter().filter(|m| !m.arbiter && observed.iter().all(|o| o.host != m.host));
    now.extend(new.map(silent));
    let mut out = Vec::new();
    if now != observed {
        out.push(now.clone());
    }
    while let Some(change) = next_vote(&now, wanted) {
        match change {
            Vote::Comes(arbiter) => now.push(arbiter.clone()),
            Vote::Leaves(at) => drop(now.remove(at)),
            Vote::Changes(at) => now[at] = goal(&now[at].host).cloned().unwrap_or_else(|| silent(&now[at])),
        }
        out.push(now.clone());
    }
    let left: Vec<ConfigMember> = now.iter().filter(|m| goal(&m.host).is_some()).cloned().collect();
    if left.len() < now.len() {
        out.push(left);
    }
    out
}

/// A member as it can be while its vote stays: changes that depend on a later vote change wait for it.
fn without_vote_change(m: &ConfigMember, goal: Option<&ConfigMember>) -> ConfigMember {
    match goal {
        None => m.clone(),
        Some(goal) if goal.votes == m.votes => ConfigMember { delay: m.delay, arbiter: m.arbiter, ..goal.clone() },
        // A member that gets a vote has to be visible only if it also gets a priority; the priority is set with the vote.
        Some(goal) if goal.votes > m.votes => ConfigMember { hidden: goal.hidden, ..m.clone() },
        Some(_) => m.clone(),
    }
}

/// Without a vote, and so without a priority.
fn silent(m: &ConfigMember) -> ConfigMember {
    ConfigMember { votes: 0, priority: 0.0, ..m.clone() }
}

/// One vote change.
enum Vote<'a> {
    /// Of a member that stays.
    Changes(usize),
    /// Of an arbiter that is added.
    Comes(&'a ConfigMember),
    /// Of an arbiter that is removed.
    Leaves(usize),
}

/// The next vote change.
fn next_vote<'a>(now: &[ConfigMember], wanted: &'a [ConfigMember]) -> Option<Vote<'a>> {
    let goal = |m: &ConfigMember| wanted.iter().find(|w| w.host == m.host).map_or(0, |w| w.votes);
    let comes = || wanted.iter().find(|w| w.arbiter && now.iter().all(|m| m.host != w.host)).map(Vote::Comes);
    let granted = now.iter().position(|m| goal(m) > m.votes).map(Vote::Changes).or_else(comes);
    let leaves = now.iter().rposition(|m| m.arbiter && goal(m) < m.votes).map(Vote::Leaves);
    let withdrawn = leaves.or_else(|| now.iter().rposition(|m| goal(m) < m.votes).map(Vote::Changes));
    let votes: u32 = now.iter().map(|m| m.votes).sum();
    if votes < VOTES { granted.or(withdrawn) } else { withdrawn.or(granted) }
}

/// The differences, as text.
pub(super) fn describe(before: &[ConfigMember], after: &[ConfigMember]) -> String {
    let mut out = Vec::new();
    for m in after {
        let Some(old) = before.iter().find(|b| b.host == m.host) else {
            let hidden = if m.hidden { "hidden, " } else { "" };
            let late = if m.delay.is_zero() { String::new() } else { format!("{} late, ", base::now::short(m.delay)) };
            out.push(format!("{} is added: {hidden}{late}votes {}, priority {}", m.host, m.votes, m.priority));
            continue;
        };
        let mut own = Vec::new();
        match (old.hidden, m.hidden) {
            (true, false) => own.push("is no longer hidden".to_owned()),
            (false, true) => own.push("is hidden".to_owned()),
            _ => {}
        }
        match (old.votes, m.votes) {
            (0, 1..) => own.push("gets a vote".to_owned()),
            (1.., 0) => own.push("loses its vote".to_owned()),
            _ => {}
        }
        if old.priority.total_cmp(&m.priority).is_ne() {
            own.push(format!("has priority {} → {}", old.priority, m.priority));
        }
        if !own.is_empty() {
            out.push(format!("{} {}", m.host, own.join(", ")));
        }
    }
    let gone = before.iter().filter(|b| after.iter().all(|m| m.host != b.host));
    out.extend(gone.map(|m| format!("{} leaves", m.host)));
    out.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn m(host: &str, votes: u32, priority: f64) -> ConfigMember {
        ConfigMember { host: host.into(), votes, priority, ..ConfigMember::default() }
    }

    fn votes(path: &[Vec<ConfigMember>]) -> Vec<u32> {
        path.iter().map(|c| c.iter().map(|m| m.votes).sum()).collect()
    }

    #[test]
    fn votes_change_one_at_a_time_and_never_exceed_seven() {
        let observed: Vec<_> =
            (0..7).map(|i| m(&format!("s{i}"), 1, 1.0)).chain([m("t0", 0, 0.0), m("t1", 0, 0.0)]).collect();
        let mut wanted = observed.clone();
        wanted[5] = m("s5", 0, 0.0);
        wanted[6] = m("s6", 0, 0.0);
        wanted[7] = m("t0", 1, 1.0);
        wanted[8] = m("t1", 1, 1.0);
        let path = path(&observed, &wanted);
        assert_eq!(votes(&path), [6, 7, 6, 7]);
        assert_eq!(path.last(), Some(&wanted));
        let mut before = &observed;
        for step in &path {
            let changed = before.iter().zip(step).filter(|(a, b)| a.votes != b.votes).count();
            assert_eq!(changed, 1);
            assert!(step.iter().all(|m| m.votes > 0 || m.priority == 0.0));
            before = step;
        }
    }

    #[test]
    fn who_comes_in_is_silent_first_and_who_leaves_votes_no_more_before() {
        let observed = vec![m("a", 1, 2.0), m("b", 1, 1.0)];
        let wanted = vec![m("a", 1, 2.0), m("c", 1, 1.0)];
        let path = path(&observed, &wanted);
        let text: Vec<_> = [observed.clone()].iter().chain(&path).zip(&path).map(|(a, b)| describe(a, b)).collect();
        assert_eq!(
            text,
            [
                "c is added: votes 0, priority 0",
                "c gets a vote, has priority 0 → 1",
                "b loses its vote, has priority 1 → 0",
                "b leaves"
            ]
        );
        assert_eq!(path.last(), Some(&wanted));
    }

    #[test]
    fn an_arbiter_leaves_with_its_vote_and_before_a_member_with_data_and_comes_in_with_it() {
        let arbiter = |host: &str| ConfigMember { arbiter: true, ..m(host, 1, 0.0) };
        let observed = vec![m("s0", 1, 2.0), m("s1", 1, 1.0), arbiter("s2"), m("t0", 0, 0.0), m("t1", 0, 0.0)];
        let wanted = vec![m("s0", 1, 2.0), m("s1", 0, 0.0), m("t0", 1, 1.0), m("t1", 1, 1.0)];
        let there = path(&observed, &wanted);
        assert_eq!(votes(&there), [4, 5, 4, 3]);
        assert!(
            there.iter().all(|c| c.iter().all(|m| !m.arbiter || m.votes == 1)),
            "the server takes no arbiter without a vote"
        );
        assert_eq!(there.last(), Some(&wanted));
        let back = path(&wanted, &observed);
        assert!(back.iter().all(|c| c.iter().all(|m| !m.arbiter || m.votes == 1)));
        let mut end = back.last().expect("a way back").clone();
        end.sort_by(|a, b| a.host.cmp(&b.host));
        assert_eq!(end, observed);
    }

    #[test]
    fn what_changes_no_vote_is_one_configuration() {
        let observed = vec![m("a", 1, 2.0), ConfigMember { hidden: true, ..m("b", 0, 0.0) }, m("c", 1, 1.0)];
        let mut wanted = observed.clone();
        (wanted[1].hidden, wanted[2].priority) = (false, 0.5);
        assert_eq!(path(&observed, &wanted), [wanted.clone()]);
        assert!(path(&wanted, &wanted).is_empty());
    }
}
