//! The capacity of a simulated fleet for the users' traffic.

use std::time::Duration;

use super::Sim;
use base::side::{Side, Sides};

/// The load of a fleet as the plan wants it for the source, with all of the traffic; the rest is spare.
const BUSY: f64 = 0.75;
/// How long a count is valid: it covers thousands of instances, which change over minutes.
const GOOD_FOR: Duration = Duration::from_secs(5);

impl Sim {
    /// The share of the whole traffic that each side could serve, by the role with the least capacity; none where the plan wants no
    /// instance on the source.
    pub(super) fn capacity(&self, at: Duration) -> Option<Sides<f64>> {
        if self.plan.fleet.iter().all(|role| role.wanted.source == 0) {
            return None;
        }
        let known = self.serves.get().filter(|(counted, _)| at.saturating_sub(*counted) < GOOD_FOR);
        let (counted, capacity) = known.unwrap_or_else(|| (at, Sides::from_fn(|side| self.serves(side, at))));
        self.serves.set(Some((counted, capacity)));
        Some(capacity)
    }

    fn serves(&self, side: Side, at: Duration) -> f64 {
        let mut there = vec![0_u32; self.plan.fleet.len()];
        for host in self.hosts.get(side).iter().filter(|h| h.in_service(at)) {
            for role in host.instance.roles.iter() {
                there[usize::from(*role)] += 1;
            }
        }
        let wanted = self.plan.fleet.iter().map(|role| f64::from(role.wanted.source));
        let shares = there
            .into_iter()
            .zip(wanted)
            .filter(|(_, wanted)| *wanted > 0.0)
            .map(|(there, wanted)| f64::from(there) / wanted);
        shares.fold(f64::INFINITY, f64::min) / BUSY
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        SharedConditions, Simulated,
        ec2::State,
        planner::played::{self, Played},
    };
    use base::side::{Side, Sides};

    fn describe(at: &Played<State>) -> Option<Sides<f64>> {
        let mut names = SharedConditions::default();
        State::publish(&at.sim, at.now, &mut names);
        names.capacity
    }

    #[test]
    fn a_side_serves_what_its_scarcest_role_can() {
        const TWO: &str = r#"
[[fleet]]
role = "web"
wanted = { source = 200, target = 200 }
[[fleet]]
role = "api"
wanted = { source = 100, target = 50 }
"#;
        let mut at = Played::<State>::new(&played::plan(TWO));
        let full = 0.94 / 0.75..=1.0 / 0.75;
        let start = describe(&at).expect("a fleet");
        assert!(full.contains(&start.source), "{start:?}");
        // A fifth of what the target is to have, and one role has half of the source's number.
        assert!((0.08 / 0.75..=0.1 / 0.75).contains(&start.target), "{start:?}");
        at.pass(1200);
        let grown = describe(&at).expect("a fleet");
        assert!((0.45 / 0.75..=0.5 / 0.75).contains(&grown.target), "{grown:?}");
        for host in at.sim.hosts.get_mut(Side::Source) {
            host.leaves = Some(at.sim.started.map_or_else(Default::default, |started| at.now.since(started)));
        }
        at.pass(60);
        assert_eq!(describe(&at).expect("a fleet").source, 0.0);
    }

    #[test]
    fn without_a_fleet_on_the_source_nothing_is_said() {
        let role = "[[fleet]]\nrole = \"new\"\nwanted = { source = 0, target = 10 }\n";
        assert_eq!(describe(&Played::new(&played::plan(role))), None);
        assert_eq!(describe(&Played::new(&played::plan(""))), None);
    }
}
