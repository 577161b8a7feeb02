//! For tests: a system, its simulated servers and a virtual clock; the operations of a draft are carried out on them one by one.

use std::{path::Path, sync::Arc, time::Duration};

use super::SimulateWrites;
use base::operation::{Draft, Operation, SendOutcome, Verified};
use base::{
    collector::CollectorSpec,
    now::Now,
    observed::{Fault, Freshness, Stamp},
    step::{Kind, Reply, Truth},
};
use plan::{Action, Plan};

/// A simulated estate of one system, and the observed state.
pub struct Played<S: SimulateWrites> {
    /// The observed state.
    pub state: S,
    /// The servers.
    pub sim: S::Sim,
    /// The current time.
    pub now: Now,
    specs: Vec<CollectorSpec<S::Query>>,
    sent: u32,
}

/// A plan of two sites and nothing else.
pub fn sites() -> Plan {
    Arc::unwrap_or_clone(plan(""))
}

/// A phase of one step with this action, in the plan file's format.
pub fn one_step(action: &str) -> String {
    format!(
        "[[phase]]\nid = \"only\"\ntitle = \"Only\"\n[[phase.step]]\nid = \"only\"\ntitle = \"Only\"\naction = {{ {action} }}\n"
    )
}

/// A plan of two sites, with `rest` appended.
pub fn plan(rest: &str) -> Arc<Plan> {
    const SITES: &str = r#"
schema = 1
name = "test"
[sites.source]
label = "VIR"
region = "us-east-1"
[sites.target]
label = "ORE"
region = "us-west-2"
"#;
    let read = crate::parse_plan(Path::new("test.toml"), &format!("{SITES}{rest}"));
    Arc::new(read.unwrap_or_else(|faulty| panic!("{faulty}")).0)
}

impl<S: SimulateWrites> Played<S> {
    /// The estate as the plan names it; everything is read once.
    pub fn new(plan: &Arc<Plan>) -> Self {
        let (state, specs) = S::new(plan);
        let now = Now { boot: Duration::from_secs(1000), wall: jiff::Timestamp::UNIX_EPOCH };
        let mut all = Self { state, sim: S::simulate(plan, 7), now, specs, sent: 0 };
        all.read();
        all
    }

    /// Advances the time, then reads everything.
    pub fn pass(&mut self, seconds: u64) {
        self.now.boot += Duration::from_secs(seconds);
        self.now.wall += jiff::SignedDuration::from_secs(i64::try_from(seconds).expect("small"));
        self.read();
    }

    /// Reads everything once.
    pub fn read(&mut self) {
        let stamp = Stamp { at: self.now, fresh: Freshness::of_interval(Duration::from_secs(10)) };
        for spec in &self.specs {
            S::advance(&mut self.sim, self.now);
            match S::answer(&mut self.sim, &spec.query, self.now) {
                Ok(facts) => drop(self.state.apply(&spec.query, facts, stamp)),
                Err(fault) => self.state.fail(&spec.query, &fault, self.now),
            }
        }
    }

    /// The draft of the action now.
    pub fn draft(&self, action: &Action) -> Result<Draft<S::Call, S::Version>, Vec<Fault>> {
        self.state.draft(action, self.now).expect("an action of this system")
    }

    /// Whether the action is satisfied.
    pub fn is_satisfied(&self, action: &Action) -> Option<bool> {
        self.state.is_satisfied(action, self.now).expect("an action of this system").fresh()
    }

    /// Sends one operation whose precondition is the observed version or nothing.
    pub fn send(&mut self, tag: &str, op: &Operation<S::Call, S::Version>) -> SendOutcome<S::Version> {
        S::write(
            &mut self.sim,
            tag,
            &op.call,
            op.precondition.bind(|_| None).expect("nothing before it").as_ref(),
            self.now,
        )
    }

    /// Verifies it.
    pub fn verify(&mut self, tag: &str, op: &Operation<S::Call, S::Version>) -> Verified<S::Version> {
        S::verify(
            &mut self.sim,
            tag,
            &op.call,
            op.precondition.bind(|_| None).expect("nothing before it").as_ref(),
            self.now,
        )
    }

    /// The server's own log.
    pub fn log(&self) -> Vec<String> {
        S::log(&self.sim).to_vec()
    }

    /// Carries out all operations, one after the other, each until it is applied. Returns how long that took.
    pub fn play(&mut self, ops: &[Operation<S::Call, S::Version>]) -> Duration {
        let started = self.now;
        let mut marks = Vec::new();
        for op in ops {
            let expect = op.precondition.bind(|place| marks.get(place).cloned().flatten()).expect("known");
            self.sent += 1;
            let tag = format!("t{}", self.sent);
            let mut mark = None;
            if op.kind != Kind::Wait {
                let before = S::verify(&mut self.sim, &tag, &op.call, expect.as_ref(), self.now);
                // An operation that ends by itself cannot be verified before it is sent.
                let unseen = if op.kind == Kind::Lapses { Truth::Unobservable } else { Truth::NotApplied };
                assert_eq!(before.truth, unseen, "before it is sent: {}: {}", op.what, before.detail);
                let sent = S::write(&mut self.sim, &tag, &op.call, expect.as_ref(), self.now);
                assert_eq!(sent.reply, Reply::Accepted, "{}: {}", op.what, sent.detail);
                assert_eq!(S::log(&self.sim).last(), Some(&tag));
                mark = sent.version;
            }
            let mut looks = 0;
            loop {
                let looked = S::verify(&mut self.sim, &tag, &op.call, expect.as_ref(), self.now);
                if looked.truth == Truth::Applied {
                    mark = mark.or(looked.version);
                    break;
                }
                looks += 1;
                assert!(looks < 1000, "{}: {:?} {}", op.what, looked.truth, looked.detail);
                self.pass(5);
            }
            marks.push(mark);
        }
        self.read();
        self.now.since(started)
    }
}
