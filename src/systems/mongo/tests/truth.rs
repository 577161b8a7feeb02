//! A verification never claims more certainty than there is, whatever happens in between.

use super::{draft::to, *};
use crate::{
    mongo::FaultInjection,
    mongo::{
        facts::Observation,
        ops::{Call, Lapse, Reconfig, Unless, Version},
    },
    planner::SimulateWrites,
};
use base::step::{Reply, Truth};

struct Chaos {
    run: Run,
    random: fastrand::Rng,
    /// The requests: sent once, later, or never.
    made: Vec<(String, Call, Option<Version>)>,
    looks: [u32; 4],
    taken: u32,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let run = Run::movable(seed);
        Self { run, random: fastrand::Rng::with_seed(seed), made: Vec::new(), looks: [0; 4], taken: 0 }
    }

    fn host(&mut self) -> String {
        format!("127.0.0.1:{}", self.random.u32(101..106))
    }

    /// A request, made from the present state, or by a sender with slightly wrong knowledge of it.
    fn make(&mut self) {
        let Ok(Observation::Config(config)) = State::answer(&mut self.run.sim, &Query::Config { set: 0 }, self.run.now)
        else {
            return;
        };
        let (set, host, term) = ("orders".to_owned(), self.host(), config.term.expect("a term"));
        let mark = Version { version: config.version, term, leader: Some(config.from.clone()) };
        let call = match self.random.u8(0..4) {
            0 | 1 => {
                let mut after = config.members.clone();
                for m in after.iter_mut().filter(|m| m.host != config.from) {
                    m.priority = f64::from(self.random.u8(0..4)) / 2.0;
                }
                let unless = Unless { leads: host, members: config.members.clone() };
                let unless = self.random.bool().then_some(unless);
                let (version, before) = (config.version + 1, config.members);
                Call::Reconfig(Box::new(Reconfig { set, version, before, after, unless, any_term: self.random.bool() }))
            }
            2 => {
                let host = if self.random.u8(0..4) == 0 { host } else { config.from };
                Call::StepDown { set, host, term, secs: 10, catch_up: 2 }
            }
            _ => {
                let lapse = self.random.bool().then_some(Lapse { term, secs: 10 });
                let secs = if lapse.is_none() && self.random.bool() { 10 } else { 0 };
                Call::Freeze { set, host, secs, lapse }
            }
        };
        self.made.push((format!("tag-{}", self.made.len()), call, Some(mark)));
    }

    fn act(&mut self) {
        match self.random.u8(0..12) {
            0..3 => self.make(),
            3..6 => {
                if self.made.is_empty() {
                    return;
                }
                // Recent ones more often; each at most once, as the engine does.
                let at = self.made.len() - 1 - self.random.usize(0..self.made.len().min(3));
                let (tag, call, mark) = self.made[at].clone();
                if !State::log(&self.run.sim).contains(&tag) {
                    let sent = State::write(&mut self.run.sim, &tag, &call, mark.as_ref(), self.run.now);
                    let logged = State::log(&self.run.sim).contains(&tag);
                    assert_eq!(logged, sent.reply == Reply::Accepted, "{call:?}: {}", sent.detail);
                    self.taken += u32::from(logged);
                }
            }
            6 => State::external_change(&mut self.run.sim, &to(Side::Target), self.run.now),
            7 => self.run.sim.topple("orders", self.run.now),
            8 => {
                let host = self.host();
                match self.random.u8(0..4) {
                    0 => self.run.sim.stop(&host),
                    1 => self.run.sim.start(&host),
                    n => {
                        drop(State::inject(&mut self.run.sim, &FaultInjection::Hang { host, on: n == 2 }, self.run.now))
                    }
                }
            }
            _ => {
                let span = Duration::from_millis(self.random.u64(1..6000));
                self.run.now.boot += span;
                self.run.now.wall += span;
                State::advance(&mut self.run.sim, self.run.now);
            }
        }
    }

    fn judge(&mut self) {
        for (tag, call, mark) in &self.made {
            let seen = State::verify(&mut self.run.sim, tag, call, mark.as_ref(), self.run.now);
            let logged = State::log(&self.run.sim).contains(tag);
            self.looks[seen.truth as usize] += 1;
            match (seen.truth, call) {
                // A configuration that changes only the version is the same, whoever sent it; and a primary is not frozen.
                (Truth::Applied, Call::Freeze { secs: 0, .. }) => {}
                (Truth::Applied, Call::Reconfig(r)) if self.same(tag, r) => {}
                (Truth::Applied, _) => assert!(logged, "{tag} {call:?}: {}", seen.detail),
                (Truth::NotApplied, _) => assert!(!logged, "{tag} {call:?}: {}", seen.detail),
                (Truth::Conflict | Truth::Unobservable, _) => {}
            }
        }
    }

    /// Whether another request would have the same result: then it is read back whichever of them was accepted.
    fn same(&self, tag: &str, r: &Reconfig) -> bool {
        self.made.iter().any(|(other, call, _)| match call {
            Call::Reconfig(o) if other != tag => {
                let alike = |m| r.made(o.version, m);
                alike(&o.after) || o.unless.as_ref().is_some_and(|u| alike(&u.members))
            }
            _ => false,
        })
    }
}

#[test]
fn a_verification_never_says_applied_of_what_is_not_in_the_log_nor_not_applied_of_what_is() {
    let (mut looks, mut taken) = ([0; 4], 0);
    for seed in 0..400 {
        let mut chaos = Chaos::new(seed);
        for _ in 0..60 {
            chaos.act();
            chaos.judge();
        }
        taken += chaos.taken;
        for (all, of) in looks.iter_mut().zip(chaos.looks) {
            *all += of;
        }
    }
    // Each case has to occur, or the test shows nothing.
    assert!(taken > 1000 && looks.iter().all(|n| *n > 1000), "{taken} taken, looks {looks:?}");
}
