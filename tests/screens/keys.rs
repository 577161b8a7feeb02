//! What keys send: every key at every kind of moment, on an estate that performs orders.
//!
//! The judges are the simulated servers' own log and the journal, not the console: a step is begun only by the inputs
//! that its confirmation asks for, and a request arrives only if its intent is on record.

mod moments;

use std::collections::BTreeSet;

use landfall::{
    base::step::StepState,
    console::entry::{Dialog, Entry},
    journal::chain,
    plan::{Confirm, Runbook},
    systems::{Body, Call, Version},
};

use self::moments::{MOMENTS, Moment, Sends};
use super::*;

/// A step on a small estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Estate {
    /// One request: the weights of a name.
    Weights(Confirm),
    /// Several requests, and a cleanup: the primary of a replica set.
    Primary,
}

impl Estate {
    const fn step(self) -> &'static str {
        match self {
            Self::Weights(_) => "half-www",
            Self::Primary => "primary-catalog",
        }
    }

    /// The demo's plan with this step only, and with what it is about.
    fn plan(self) -> Plan {
        static DEMO: LazyLock<Plan> = LazyLock::new(|| {
            landfall::systems::load_plan(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}")).0
        });
        let mut plan = DEMO.clone();
        plan.health.clear();
        plan.kafka.clear();
        plan.fleet.clear();
        plan.dns.retain(|name| self != Self::Primary && name.name == "www.example.net.");
        plan.replica_sets.retain(|set| self == Self::Primary && set.name == "catalog");
        let mut phases = std::mem::take(&mut plan.runbook.phases);
        for phase in &mut phases {
            phase.steps.retain(|step| step.id == self.step());
            for step in &mut phase.steps {
                (step.gates, step.verify, step.needs) = (Condition::none(), Condition::none(), vec![]);
                step.rollback_gates = Condition::none();
                step.bake = Duration::from_secs(2);
                step.confirm = match self {
                    Self::Weights(confirm) => confirm,
                    Self::Primary => Confirm::Name,
                };
            }
        }
        phases.retain(|phase| !phase.steps.is_empty());
        let approvers = std::mem::take(&mut plan.runbook.approvers);
        plan.runbook = Runbook { phases, approvers, ..Runbook::default() };
        plan
    }
}

/// What an operator can put into the console.
#[derive(Debug, Clone, PartialEq)]
enum Input {
    Key(KeyCode, KeyModifiers),
    /// The text of the confirmation, and a line end.
    PastesTheTarget,
    /// Only time passes.
    Waits,
}

const fn key(code: KeyCode) -> Input {
    Input::Key(code, KeyModifiers::NONE)
}

/// All of them.
fn inputs() -> Vec<Input> {
    use KeyCode::*;
    let plain = (' '..='~').chain(['é', '日']).map(|c| key(Char(c)));
    let letters = || 'a'..='z';
    let chords = [KeyModifiers::CONTROL, KeyModifiers::ALT];
    let chords = chords.into_iter().flat_map(|with| letters().map(move |c| Input::Key(Char(c), with)));
    let others =
        [Enter, Esc, Tab, BackTab, Backspace, Delete, Insert, Home, End, PageUp, PageDown, Up, Down, Left, Right];
    let others = others.into_iter().chain((1..=12).map(F)).map(key);
    plain.chain(chords).chain(others).chain([Input::PastesTheTarget, Input::Waits]).collect()
}

/// A console with control, its estate and its journal.
struct Console {
    drive: SimDrive,
    ui: Ui,
    store: MemStore,
    /// What the confirmation of the step asks for.
    target: String,
    left: bool,
}

/// What the journal and the servers have of requests.
#[derive(Debug, Clone, PartialEq)]
struct Requests {
    /// Attempts that were begun.
    attempts: usize,
    /// Tags of intents.
    intents: Vec<String>,
    /// Tags of what the servers carried out.
    carried_out: Vec<String>,
}

impl Console {
    fn new(estate: Estate) -> Self {
        let store = MemStore::default();
        let plan = estate.plan();
        let target = plan.runbook.step(estate.step()).expect("a step").id.clone();
        let mut drive = SimDrive::new(Arc::new(plan), 7, start());
        let author =
            Author { run: "night".into(), actor: "ana".into(), host: "room".into(), plan: Digest::of(b"night") };
        let (journal, entries) =
            landfall::systems::open_journal(Box::new(store.clone()), author, start()).expect("a new journal");
        drive.take_control(journal, entries);
        // Its collectors have answered by then.
        drive.run_for(Duration::from_secs(60));
        let ui = ui(drive.snapshot());
        Self { drive, ui, store, target, left: false }
    }

    fn at(moment: &Moment) -> Self {
        let mut console = Self::new(moment.estate);
        (moment.before)(&mut console.drive);
        let keys = moment.keys.replace('@', &console.target);
        console.types(&keys);
        let state = console.drive.phase(moment.estate.step()).expect("a step");
        assert!((moment.is)(&console.ui, state), "{}: {state:?} {:?}", moment.name, console.ui.entry);
        console
    }

    /// What an input can change and the next one depends on.
    fn stands(&self) -> String {
        let run = self.drive.run_view();
        let step = &run.steps[0];
        let run = (run.held.is_some(), run.proposal.is_some(), step.state, step.attempt, step.unknown, step.held);
        let ui = (&self.ui.entry, self.ui.at, self.ui.is_frozen(), self.ui.step().is_some(), self.left);
        format!("{ui:?} {run:?}")
    }

    /// Presses these keys; `~` stands for half a minute that passes.
    fn types(&mut self, keys: &str) {
        for c in keys.chars() {
            match c {
                '~' => self.passes_for(Duration::from_secs(30)),
                '\n' => self.takes(&key(KeyCode::Enter)),
                '\t' => self.takes(&key(KeyCode::Tab)),
                '\u{1b}' => self.takes(&key(KeyCode::Esc)),
                c => self.takes(&key(KeyCode::Char(c))),
            }
            self.passes_for(Duration::from_millis(200));
        }
    }

    fn takes(&mut self, input: &Input) {
        let event = match input {
            Input::Key(code, modifiers) => UiEvent::Key(KeyEvent::new(*code, *modifiers)),
            Input::PastesTheTarget => UiEvent::Paste(format!("{}\n", self.target)),
            Input::Waits => UiEvent::Tick,
        };
        let acts = update(&mut self.ui, event);
        self.performs(acts);
    }

    fn performs(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Send(command) => self.drive.command(command),
                Act::Order(order) => self.drive.order(order),
                Act::Quit => self.left = true,
                _ => {}
            }
        }
    }

    /// Seconds pass, and the console shows each.
    fn passes(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.passes_for(Duration::from_secs(1));
        }
    }

    /// Every act of the console is carried out. A console that was left does nothing any more.
    fn passes_for(&mut self, span: Duration) {
        self.drive.run_for(span);
        if self.left {
            return;
        }
        self.ui.now = self.drive.now();
        let view_model = Arc::new(ViewModel::of(Arc::new(self.drive.snapshot())));
        let acts = update(&mut self.ui, UiEvent::ViewModel(view_model, Prepared::default()));
        self.performs(acts);
    }

    /// Reads the log of the servers and what survives of the journal, and compares them.
    fn requests(&self, why: &str) -> Requests {
        let (entries, _) = chain::read::<Call, Version>(&self.store.survivors()).expect("a whole journal");
        let attempts = entries.iter().filter(|e| matches!(e.body, Body::AttemptStarted(_))).count();
        let intents = entries.into_iter().filter_map(|e| match e.body {
            Body::Intent(intent) => Some(intent.tag),
            _ => None,
        });
        let requests = Requests { attempts, intents: intents.collect(), carried_out: self.drive.server_log() };
        for tag in &requests.carried_out {
            assert!(requests.intents.contains(tag), "{why}: {tag} was sent without an intent on record");
        }
        let once: BTreeSet<&String> = requests.carried_out.iter().collect();
        assert_eq!(once.len(), requests.carried_out.len(), "{why}: sent twice");
        requests
    }
}

/// Long enough for a count-down, and for what it begins.
const AFTERWARDS: u64 = 8;

#[test]
fn no_key_at_any_moment_begins_a_step_but_the_last_of_its_confirmation() {
    let inputs = inputs();
    let confirmed: usize = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| MOMENTS.iter().skip(half).step_by(2));
        let halves =
            halves.map(|moments| scope.spawn(|| moments.filter(|moment| every_input(moment, &inputs)).count()));
        halves.into_iter().map(|half| half.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).sum()
    });
    println!("{} moments, {} inputs, {confirmed} confirmed", MOMENTS.len(), inputs.len());
    assert_eq!(confirmed, MOMENTS.iter().filter(|m| matches!(m.sends, Sends::Begins(_))).count());
    assert!(confirmed >= 5, "{confirmed}");
}

/// Puts every input into the console at this moment; whether one of them confirmed the step.
fn every_input(moment: &Moment, inputs: &[Input]) -> bool {
    let mut console = Console::at(moment);
    let stands = console.stands();
    let mut confirmed = false;
    for input in inputs {
        // What an input has not changed serves for the next one.
        if console.stands() != stands {
            console = Console::at(moment);
            assert_eq!(console.stands(), stands, "{}: another moment", moment.name);
        }
        let why = format!("{}, {input:?}", moment.name);
        let before = console.requests(&why);
        console.takes(input);
        screen(&mut console.ui, SMALL, false);
        console.passes(AFTERWARDS);
        let after = console.requests(&why);
        match &moment.sends {
            Sends::Begins(last) if last == input => {
                assert_eq!(after.attempts, before.attempts + 1, "{why}: it is confirmed");
                assert!(after.carried_out.len() > before.carried_out.len(), "{why}: nothing arrived");
                confirmed = true;
            }
            Sends::UnderWay => assert_eq!(after.attempts, before.attempts, "{why}: a step was begun"),
            Sends::Nothing | Sends::Begins(_) => assert_eq!(after, before, "{why}"),
        }
    }
    confirmed
}

#[test]
fn what_is_confirmed_is_not_sent_while_its_intent_cannot_be_written() {
    let mut confirmed = 0;
    for moment in MOMENTS {
        let Sends::Begins(last) = &moment.sends else { continue };
        let mut console = Console::at(moment);
        let before = console.requests(moment.name);
        console.store.mem(|mem| mem.syncs = Some(0));
        console.takes(last);
        console.passes(AFTERWARDS);
        let halted = console.drive.run_view().halted;
        assert!(halted.is_some(), "{}: it was not tried", moment.name);
        assert_eq!(console.drive.server_log(), before.carried_out, "{}", moment.name);
        confirmed += 1;
    }
    assert!(confirmed >= 5, "{confirmed}");
}

/// Keys in any order, the more probable the nearer they lead to a request.
#[test]
fn whatever_is_pressed_in_whatever_order_a_step_begins_with_its_confirmation_only() {
    const LIKELY: &str = "nnppaaxx\t\t\n\nzbr";
    let (likely, inputs) = (LIKELY.chars().collect::<Vec<_>>(), inputs());
    let mut begun = 0;
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut console = Console::new(Estate::Weights(Confirm::Enter));
        let mut confirmed = 0;
        for _ in 0..400 {
            if console.left {
                break;
            }
            // Enter executes if this is chosen in the open confirmation, and in no other case.
            let chosen = matches!(&console.ui.entry, Entry::Dialog(Dialog::Confirm(it)) if it.execute);
            let input = match random.u8(0..10) {
                0 => inputs[random.usize(0..inputs.len())].clone(),
                1 => Input::Waits,
                _ => match likely[random.usize(0..likely.len())] {
                    '\n' => key(KeyCode::Enter),
                    '\t' => key(KeyCode::Tab),
                    c => key(KeyCode::Char(c)),
                },
            };
            confirmed += usize::from(chosen && matches!(input, Input::Key(KeyCode::Enter, _)));
            console.takes(&input);
            console.passes_for(Duration::from_millis(random.u64(50..3000)));
            screen(&mut console.ui, (random.u16(20..=120), random.u16(8..=40)), false);
            let attempts = console.requests(&format!("seed {seed}, {input:?}")).attempts;
            assert!(attempts <= confirmed, "seed {seed}: {attempts} attempts, {confirmed} confirmed");
        }
        begun += console.requests("at the end").attempts;
    }
    println!("{begun} attempts");
    assert!(begun >= 3, "hardly anything was begun: {begun}");
}
