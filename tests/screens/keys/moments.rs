//! Moments of the console, each with the keys that lead there and the inputs that may send something.

use landfall::{
    console::{
        entry::{Asked, Dialog, Entry},
        ui::At,
    },
    drive::sim::CallTrouble,
};

use super::*;

/// What a moment's inputs may lead to.
pub enum Sends {
    /// Nothing is sent, whatever is pressed.
    Nothing,
    /// This input confirms the step, and begins it. No other does.
    Begins(Input),
    /// A confirmed attempt sends its requests meanwhile.
    UnderWay,
}

pub struct Moment {
    pub name: &'static str,
    pub estate: Estate,
    /// What is wrong with the estate.
    pub before: fn(&mut SimDrive),
    /// The keys that lead to it: `@` is the step's target, `~` half a minute that passes.
    pub keys: &'static str,
    /// Whether this is the moment.
    pub is: fn(&Ui, StepState) -> bool,
    pub sends: Sends,
}

const ENTER: Input = key(KeyCode::Enter);
const NAME: Estate = Estate::Weights(Confirm::Name);
const CHOICE: Estate = Estate::Weights(Confirm::Enter);
const COUNTDOWN: Estate = Estate::Weights(Confirm::Countdown);

const fn at(
    name: &'static str,
    estate: Estate,
    keys: &'static str,
    is: fn(&Ui, StepState) -> bool,
    sends: Sends,
) -> Moment {
    Moment { name, estate, before: |_| (), keys, is, sends }
}

impl Moment {
    const fn with(self, before: fn(&mut SimDrive)) -> Self {
        Self { before, ..self }
    }
}

/// Whether a confirmation is open with this choice and this much text.
fn confirms(ui: &Ui, execute: bool, typed: fn(&str, &str) -> bool) -> bool {
    matches!(&ui.entry, Entry::Dialog(Dialog::Confirm(it))
        if it.counting.is_none() && it.execute == execute && typed(&it.typed, &it.target))
}

fn asks(ui: &Ui, what: Asked) -> bool {
    matches!(&ui.entry, Entry::Dialog(Dialog::Prompt(prompt)) if prompt.asked == what && !prompt.text.is_empty())
}

const fn previews(ui: &Ui) -> bool {
    matches!(&ui.entry, Entry::Dialog(Dialog::Preview(..)))
}

/// Whether the run is held.
fn held(ui: &Ui) -> bool {
    ui.latest().run.as_ref().is_some_and(|run| run.held.is_some())
}

use Sends::{Begins, Nothing, UnderWay};
use StepState::{Armed, Done, NotApplied, Previewed, Ready, Running, Settling};

pub const MOMENTS: &[Moment] = &[
    at("the overview", CHOICE, "", |ui, s| ui.at == At::Page(0) && s == Ready, Nothing),
    at("the step is selected", CHOICE, "n", |ui, _| ui.step().is_some(), Nothing),
    at("its detail", CHOICE, "n\n", |ui, _| ui.at == At::Detail, Nothing),
    at("a frozen screen", CHOICE, "n ", |ui, _| ui.is_frozen(), Nothing),
    at("a filter", CHOICE, "n/half", |ui, _| matches!(ui.entry, Entry::Filter(_)), Nothing),
    at("help", CHOICE, "n?x", |ui, _| matches!(ui.entry, Entry::Help(..)), Nothing),
    at("the palette", CHOICE, "n:execute", |ui, _| matches!(ui.entry, Entry::Palette(_)), Nothing),
    at("a preview", NAME, "np", |ui, s| previews(ui) && s == Previewed, Nothing),
    at("an armed step", NAME, "npa", |ui, s| previews(ui) && s == Armed, Nothing),
    at("a note over an armed step", NAME, "npacx", |ui, s| asks(ui, Asked::Remark) && s == Armed, Nothing),
    at("an approver over an armed step", NAME, "npaAben", |ui, s| asks(ui, Asked::Approve) && s == Armed, Nothing),
    at("a choice, not yet made", CHOICE, "npax", |ui, _| confirms(ui, false, |_, _| true), Nothing),
    at("a choice to execute", CHOICE, "npax\t", |ui, _| confirms(ui, true, |_, _| true), Begins(ENTER)),
    at("a choice, taken back", CHOICE, "npax\t\t", |ui, _| confirms(ui, false, |_, _| true), Nothing),
    at("a name, not typed", NAME, "npax", |ui, _| confirms(ui, false, |typed, _| typed.is_empty()), Nothing),
    at("another name", NAME, "npax@m", |ui, _| confirms(ui, false, |typed, target| typed != target), Nothing),
    at("a name", NAME, "npax@", |ui, _| confirms(ui, false, |typed, target| typed == target), Begins(ENTER)),
    at(
        "a name before a count-down",
        COUNTDOWN,
        "npax@",
        |ui, _| confirms(ui, false, |typed, target| typed == target),
        Begins(ENTER),
    ),
    at(
        "a count-down",
        COUNTDOWN,
        "npax@\n",
        |ui, s| s == Armed && matches!(&ui.entry, Entry::Dialog(Dialog::Confirm(it)) if it.counting.is_some()),
        Begins(Input::Waits),
    ),
    at("a step that settles", NAME, "npax@\n~", |ui, s| ui.entry == Entry::Commands && s == Settling, Nothing),
    at(
        "the question whether to quit",
        NAME,
        "npax@\n~q",
        |ui, _| matches!(ui.entry, Entry::Dialog(Dialog::Leave(_))),
        Nothing,
    ),
    at("a step that is done", NAME, "npax@\n~~~~~~", |_, s| s == Done, Nothing),
    at("a rollback", NAME, "npax@\n~~~~~~b", |ui, s| previews(ui) && s == Previewed, Nothing),
    at(
        "the name of a rollback",
        NAME,
        "npax@\n~~~~~~bax@",
        |ui, _| confirms(ui, false, |typed, target| typed == target),
        Begins(ENTER),
    ),
    at("a refused request", NAME, "npax@\n~", |_, s| s == NotApplied, Nothing)
        .with(|drive| drive.call_trouble("half-www", CallTrouble::Refused, 1)),
    at(
        "an unknown request",
        NAME,
        "npax@\n~",
        |ui, s| s == Running && ui.step().is_some_and(|step| step.unknown.is_some()),
        Nothing,
    )
    .with(lost),
    at("its resolution", NAME, "npax@\n~eyes, seen", |ui, s| s == Running && asks(ui, Asked::Resolve), Nothing)
        .with(lost),
    at("a reason to hold", NAME, "nhwhy", |ui, _| asks(ui, Asked::Hold), Nothing),
    at("a held run", NAME, "nhwhy\n", |ui, _| held(ui), Nothing),
    at("a gate to waive", NAME, "nvx, 5, y", |ui, _| asks(ui, Asked::Waive), Nothing),
    at("a step to skip", NAME, "nowhy", |ui, _| asks(ui, Asked::Skip), Nothing),
    at(
        "a proposal to agree to",
        NAME,
        "nowhy\nAben",
        |ui, _| ui.latest().run.as_ref().is_some_and(|run| run.proposal.is_some()) && asks(ui, Asked::Agree),
        Nothing,
    ),
    at(
        "a primary on its way",
        Estate::Primary,
        "npax@\n",
        |ui, s| ui.entry == Entry::Commands && s == Running,
        UnderWay,
    ),
    at("a primary on its way, held", Estate::Primary, "npax@\nhwhy\n", |ui, s| held(ui) && s == Running, UnderWay),
];

/// The answer to its request is lost, and what became of it cannot be observed.
fn lost(drive: &mut SimDrive) {
    drive.call_trouble("half-www", CallTrouble::ReplyLost, 1);
    drive.unobservable(Some("half-www"));
}
