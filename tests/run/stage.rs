//! A simulated estate with a short runbook, a journal in memory, and an operator.

use std::{
    path::Path,
    sync::{Arc, LazyLock},
    time::Duration,
};

use landfall::{
    base::{
        digest::Digest,
        now::Now,
        side::{Side, Sides},
        step::StepState,
    },
    drive::sim::SimDrive,
    engine::run::{Hand, Order, RunView, StepView},
    journal::{Author, chain, store::MemStore},
    plan::{Action, Condition, Confirm, PhasePlan, Plan, Runbook, StepPlan},
    systems::Entry,
};

/// The beginning of a plan: its name and its two sites.
pub const HEAD: &str = concat!("schema = 1\nname = \"short\"\n", include_str!("../shared/sites.toml"));

/// One object of each kind.
const OBJECTS: &str = r#"
[[replica_set]]
name = "orders"
uri = "mongodb://orders-1.vir.example.net:27017,orders-2.vir.example.net:27017,orders-1.ore.example.net:27017,orders-2.ore.example.net:27017,orders-3.ore.example.net:27017/?replicaSet=orders"
source = { hosts = ["*.vir.example.net:27017"] }
target = { hosts = ["*.ore.example.net:27017"] }
[[dns]]
name = "www.example.test."
zone = "Z0123456789"
type = "A"
set_identifiers = { source = ["vir"], target = ["ore"] }
servers = ["192.0.2.53"]
[[fleet]]
role = "web"
wanted = { source = 6, target = 6 }
auto_scaling_groups = { source = ["web-vir"], target = ["web-ore"] }
[[kafka]]
name = "events"
groups = ["checkout"]
topics = ["orders"]
[kafka.source]
properties = { "bootstrap.servers" = "kafka-1.vir.example.net:9094" }
[kafka.target]
properties = { "bootstrap.servers" = "kafka-1.ore.example.net:9094" }
[[kafka.mirror]]
from = "source"
"#;

/// A plan with one object of each kind.
pub static PLAN: LazyLock<String> = LazyLock::new(|| format!("{HEAD}{OBJECTS}"));

/// The plan that a text describes.
pub fn parsed(text: &str) -> Plan {
    landfall::systems::parse_plan(Path::new("short.toml"), text).unwrap_or_else(|faulty| panic!("{faulty}")).0
}

/// A step in the plan file's format; `more` is its keys other than id, title and action.
pub fn written(id: &str, action: &str, more: &str) -> String {
    format!("[[phase.step]]\nid = {id:?}\ntitle = {id:?}\naction = {{ {action} }}\n{more}\n")
}

/// The action of a written step: the weights of the name.
pub fn set_weights(source: u8, target: u8) -> String {
    format!("set_weights = {{ name = \"www.example.test.\", source = {source}, target = {target} }}")
}

/// The action of a written step: the primary moves to the target.
pub const MOVE_PRIMARY: &str = r#"move_primary = { set = "orders", to = "target" }"#;

/// Approvers without a key, in the plan file's format.
pub fn approvers(names: &[&str]) -> String {
    names.iter().map(|name| format!("[[approver]]\nname = {name:?}\n")).collect()
}

/// The plan with more tables, and with these written steps.
pub fn plan_of(tables: &str, steps: &[String]) -> Plan {
    parsed(&format!("{}{tables}\n[[phase]]\nid = \"all\"\ntitle = \"All\"\n{}", *PLAN, steps.concat()))
}

/// A step that nothing blocks.
pub fn step(id: &str, needs: &[&str], action: Action) -> StepPlan {
    StepPlan {
        id: id.to_owned(),
        title: id.to_owned(),
        needs: needs.iter().map(|&n| n.to_owned()).collect(),
        gates: Condition::none(),
        action,
        confirm: Confirm::Enter,
        approvals: 0,
        timeout: Duration::from_secs(10),
        settle: Duration::ZERO,
        verify: Condition::none(),
        verify_within: Duration::from_secs(120),
        bake: Duration::from_secs(2),
        rollback_gates: Condition::none(),
        irreversible: false,
    }
}

pub fn weights(source: u8, target: u8) -> Action {
    Action::SetWeights { name: "www.example.test.".into(), weights: Sides { source, target } }
}

pub fn primary(to: Side) -> Action {
    Action::MovePrimary { set: "orders".into(), to }
}

/// DNS to one percent, then the primary, then DNS to half.
pub fn steps() -> Vec<StepPlan> {
    vec![
        step("dns-1", &[], weights(99, 1)),
        step("orders", &["dns-1"], primary(Side::Target)),
        step("dns-50", &["orders"], weights(50, 50)),
    ]
}

pub fn plan(steps: Vec<StepPlan>) -> Arc<Plan> {
    static PARSED: LazyLock<Plan> = LazyLock::new(|| parsed(&PLAN));
    let mut plan = PARSED.clone();
    let phase = PhasePlan { id: "all".into(), title: "All".into(), steps };
    plan.runbook = Runbook { phases: vec![phase], ..Runbook::default() };
    Arc::new(plan)
}

pub struct Stage {
    pub drive: SimDrive,
    pub store: MemStore,
}

pub fn start() -> Now {
    Now { boot: Duration::from_secs(1000), wall: "2026-11-21T03:00:00Z".parse().expect("a time") }
}

impl Stage {
    pub fn new(steps: Vec<StepPlan>, seed: u64) -> Self {
        Self::on(plan(steps), seed)
    }

    /// The plan with more tables, and with these written steps.
    pub fn with(tables: &str, steps: &[String], seed: u64) -> Self {
        Self::on(Arc::new(plan_of(tables, steps)), seed)
    }

    /// With any plan.
    pub fn on(plan: Arc<Plan>, seed: u64) -> Self {
        let mut stage = Self { drive: SimDrive::new(plan, seed, start()), store: MemStore::default() };
        stage.board();
        stage.drive.run_for(Duration::from_secs(90));
        stage
    }

    /// Opens the journal with what is on disk.
    pub fn board(&mut self) {
        self.store = MemStore::with(self.store.survivors());
        let author = Author {
            run: "night".into(),
            actor: "ana".into(),
            host: "war-room".into(),
            plan: Digest::of(PLAN.as_bytes()),
        };
        let (journal, entries) =
            landfall::systems::open_journal(Box::new(self.store.clone()), author, self.drive.now())
                .expect("a whole journal");
        self.drive.take_control(journal, entries);
    }

    /// The console dies and another is started, which runs for a while before it is examined.
    pub fn restart(&mut self) {
        self.drive.crash();
        self.board();
    }

    pub fn run(&self) -> RunView {
        self.drive.run_view()
    }

    pub fn step(&self, id: &str) -> StepView {
        self.run().steps.iter().find(|s| s.id == id).expect("a step").clone()
    }

    pub fn entries(&self) -> Vec<Entry> {
        chain::read::<landfall::systems::Call, landfall::systems::Version>(&self.store.survivors())
            .expect("a whole journal")
            .0
    }

    pub fn pass(&mut self, millis: u64) {
        self.drive.run_for(Duration::from_millis(millis));
    }

    /// Lets time pass until a step satisfies `so`, at most this many seconds.
    pub fn until(&mut self, id: &str, seconds: u64, so: impl Fn(&StepView) -> bool) -> StepView {
        for _ in 0..seconds * 4 {
            let step = self.step(id);
            if so(&step) {
                return step;
            }
            self.pass(250);
        }
        let step = self.step(id);
        panic!("{id} is {} after {seconds} s: {:#?}\n{:#?}", step.word, step.ops, step.obstacles);
    }

    /// Gives an order; returns the reason if it is refused.
    pub fn order(&mut self, order: Order) -> Option<String> {
        self.drive.order(order);
        self.run().notice.clone()
    }

    /// A person approves the last proposal.
    pub fn agree(&mut self, by: &str, key: Option<&str>) -> Option<String> {
        let Some(it) = self.run().proposal else { return Some("there is no proposal".to_owned()) };
        let hand = key.map_or(Hand::Terminal, |key| Hand::Key(key.to_owned()));
        self.order(Order::Approve { step: it.step, digest: it.digest, by: by.into(), hand })
    }

    /// Previews, arms and executes; returns the reason if it is refused.
    pub fn execute(&mut self, id: &str) -> Option<String> {
        self.drive.order(Order::Preview(id.into()));
        self.drive.order(Order::Arm(id.into()));
        let view = self.step(id);
        let Some(digest) = view.preview.as_ref().and_then(|p| p.digest) else {
            return Some(format!("no preview: {:?}; {:?}", view.preview.map(|p| p.faults), self.run().notice));
        };
        let typed = view.preview.map(|p| p.target).unwrap_or_default();
        self.drive.order(Order::Execute { step: id.into(), digest, typed });
        self.run().notice.clone()
    }

    /// Executes a step to its end.
    pub fn carry_out(&mut self, id: &str) {
        self.until(id, 60, |s| matches!(s.state, StepState::Ready));
        assert_eq!(self.execute(id), None, "{id}");
        self.until(id, 900, |s| s.state == StepState::Done);
    }
}
