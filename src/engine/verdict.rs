//! The words of a verdict, and the outages that beat all others. [`Snapshot::verdict`](crate::snapshot::Snapshot::verdict) decides.

use serde::Serialize;

/// What is worse than anything that a gate of the plan can say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Outage {
    /// Nobody can write somewhere: where, and for how long.
    NoWriter(String),
    /// A budget of the plan is used up: whose, by how much.
    Overspent(String),
}

impl Outage {
    /// In words.
    #[must_use]
    pub fn describe(&self) -> &str {
        match self {
            Self::NoWriter(what) | Self::Overspent(what) => what,
        }
    }
}

/// The state of everything that is observed, in one word and one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "verdict", content = "reason", rename_all = "snake_case")]
pub enum Verdict {
    /// Something is not known: nothing may go forward.
    Hold(String),
    /// All that is watched is known, and all sources are live. Not a GO: that is for gates to say, and the plan has none.
    Clear(String),
    /// The next step may begin.
    Go(String),
    /// A step is under way, and what becomes of it is known.
    Running(String),
    /// A step is being rolled back, and what becomes of it is known.
    RollingBack(String),
    /// Something that the plan calls a reason to go back is true, or a step has failed. A person decides.
    RollBack(String),
    /// A budget of the plan is used up.
    Overspent(String),
    /// Nobody can write somewhere.
    Outage(String),
}

impl Verdict {
    /// All their words as programs read them: the least urgent first.
    pub const IDS: [&str; 8] = ["go", "clear", "running", "rolling_back", "hold", "roll_back", "overspent", "outage"];

    /// Its word as programs read it.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Go(_) => "go",
            Self::Clear(_) => "clear",
            Self::Running(_) => "running",
            Self::RollingBack(_) => "rolling_back",
            Self::Hold(_) => "hold",
            Self::RollBack(_) => "roll_back",
            Self::Overspent(_) => "overspent",
            Self::Outage(_) => "outage",
        }
    }

    /// Whether it is red: users are hurt, or the plan has failed.
    #[must_use]
    pub const fn is_red(&self) -> bool {
        matches!(self, Self::RollBack(_) | Self::Overspent(_) | Self::Outage(_))
    }

    /// Its word, and the one reason.
    #[must_use]
    pub fn describe(&self) -> (&'static str, &str) {
        match self {
            Self::Hold(why) => ("HOLD", why),
            Self::Clear(why) => ("CLEAR", why),
            Self::Go(why) => ("GO", why),
            Self::Running(why) => ("RUNNING", why),
            Self::RollingBack(why) => ("ROLLING BACK", why),
            Self::RollBack(why) => ("ROLL BACK", why),
            Self::Overspent(why) => ("OVERSPENT", why),
            Self::Outage(why) => ("OUTAGE", why),
        }
    }
}
