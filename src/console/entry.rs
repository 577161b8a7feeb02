//! Where typed characters go: to commands, to a line of text, to the dialog that is open. Plain data; `typing`, `palette` and `dialog`
//! handle the keys.

use base::{digest::Digest, now::Now, step::Ticket};
use plan::Confirm;

/// The target of typed characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Nothing: keys are commands.
    Commands,
    /// The filter of the tables on screen; the value is the filter before.
    Filter(String),
    /// The search text of the help, and the first line shown.
    Help(String, usize),
    /// The log of messages is open; the first line shown.
    Messages(usize),
    /// The search text of the palette.
    Palette(Palette),
    /// The dialog that is open over the page.
    Dialog(Dialog),
}

impl Entry {
    /// The preview that was open before, or none.
    #[must_use]
    pub fn return_to(over: Option<String>) -> Self {
        over.map_or(Self::Commands, |id| Self::Dialog(Dialog::Preview(id, 0)))
    }
}

/// The beginning of the names of what the palette offers to copy.
pub const COPY: &str = "copy ";
/// The beginning of the names of the columns that the palette offers to hide or to show.
pub const COLUMN: &str = "column ";

/// The search text of the palette, and the selected offer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// The text.
    pub text: String,
    /// Index of the selected offer.
    pub at: usize,
    /// Its name. The offers change with the estate: another one at its place is not what was chosen.
    pub name: String,
    /// The step whose preview was open. The palette then offers only what can be copied of it.
    pub over: Option<String>,
}

impl Palette {
    /// With this text added.
    #[must_use]
    pub fn with(self, text: &str) -> Self {
        Self { text: self.text + text, at: 0, name: String::new(), ..self }
    }
}

/// The open dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialog {
    /// The preview of a step; the first line shown.
    Preview(String, usize),
    /// A confirmation.
    Confirm(Confirming),
    /// One line to write.
    Prompt(Prompt),
    /// Asks whether to quit while steps are running; the preview that was open.
    Leave(Option<String>),
}

/// A confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirming {
    /// The step.
    pub step: String,
    /// Digest of the preview that was shown.
    pub digest: Digest,
    /// Form of the confirmation.
    pub kind: Confirm,
    /// The text that must be typed.
    pub target: String,
    /// The text typed so far.
    pub typed: String,
    /// Whether Enter executes; else it closes.
    pub execute: bool,
    /// When the count-down began.
    pub counting: Option<Now>,
    /// Why the step can no longer be executed. The confirmation stays until it is closed: what is typed on is no command.
    pub ended: Option<String>,
}

/// A line that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Its purpose.
    pub asked: Asked,
    /// The step it applies to.
    pub step: String,
    /// What is written so far.
    pub text: String,
    /// The operation it applies to, with its words. Kept, because another operation may be next by the time the line
    /// is finished.
    pub about: Option<(Ticket, String)>,
    /// The step whose preview was open. The preview opens again afterwards, so that the step does not stay armed
    /// unseen.
    pub over: Option<String>,
}

/// The purpose of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// A remark for the journal.
    Remark,
    /// Reason for a hold.
    Hold,
    /// Reason for the release of a hold.
    Release,
    /// What the operator checked before marking the step done.
    MarkDone,
    /// `GATE, MINUTES, REASON`.
    Waive,
    /// Reason for skipping a step.
    Skip,
    /// `yes` or `no`, and what both people checked.
    Resolve,
    /// `NAME`: a second person approves a proposal.
    Agree,
    /// `NAME`: an approval without a signature.
    Approve,
    /// The step's id, or `y`: the attempt is aborted.
    Abandon,
    /// The file into which the table is exported.
    Export,
}

impl Asked {
    /// What Enter does.
    #[must_use]
    pub const fn on_enter(self) -> &'static str {
        match self {
            Self::Export => "Enter writes the file, Esc closes",
            Self::Abandon => "Enter aborts the attempt, Esc does not",
            _ => "Enter writes it to the journal, ↑ brings back the last text, Esc closes",
        }
    }

    /// The label before the line.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Remark => "note",
            Self::Hold => "hold the run; reason",
            Self::Release => "release the hold; reason",
            Self::MarkDone => "mark done; what I checked",
            Self::Waive => "waive a gate: GATE, MINUTES, REASON",
            Self::Skip => "skip the step; reason",
            Self::Resolve => "is the UNKNOWN operation applied? YES or NO, WHAT YOU BOTH CHECKED",
            Self::Agree => "proposal approved by",
            Self::Approve => "approved by",
            Self::Abandon => "abort the attempt?",
            Self::Export => "export the table into a new file: NAME.csv, .json or .md",
        }
    }
}
