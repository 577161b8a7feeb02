//! What an operator can want of a run.

use super::Proposal;
use base::digest::Digest;
use journal::Unapproved;

/// Something that changes how the run stands. Only whoever holds the journal's lease can give one.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Work out what a step would do, and show it.
    Preview(String),
    /// Arm what was previewed.
    Arm(String),
    /// Do what was armed.
    Execute {
        /// The step.
        step: String,
        /// What the operator saw.
        digest: Digest,
        /// What the operator typed.
        typed: String,
    },
    /// Call it off.
    Cancel(String),
    /// Take a step back.
    RollBack(String),
    /// Another attempt.
    Again(String),
    /// Begin nothing new; finish tails.
    Hold {
        /// Who wants it; the operator where none.
        by: Option<String>,
        /// Why.
        why: String,
    },
    /// Go on.
    Release {
        /// Why.
        why: String,
    },
    /// Give an attempt up that stands still; finish its tail.
    Abandon(String),
    /// A manual step is done.
    MarkDone {
        /// The step.
        step: String,
        /// What the operator looked at.
        looked_at: String,
    },
    /// Put something before a second person.
    Propose(Proposal),
    /// Take over what somebody else did.
    Adopt(String),
    /// Somebody approves a preview, or agrees to what was proposed.
    Approve {
        /// The step.
        step: String,
        /// What they saw.
        digest: Digest,
        /// Who.
        by: String,
        /// By which way.
        hand: Hand,
    },
    /// An approval came that is not believed: it is put on record, and does nothing.
    Disbelieve {
        /// Of what.
        what: Unapproved,
        /// Why.
        why: String,
    },
    /// Words for the record.
    Remark {
        /// Whose; the operator's where none.
        by: Option<String>,
        /// The words.
        text: String,
    },
}

/// By which way somebody's word came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hand {
    /// Typed at the keyboard that steers: it is the operator's, whatever name was typed.
    Keyboard,
    /// From another terminal, by the inbox; nobody checked whose it is.
    Terminal,
    /// Signed with the key of this fingerprint.
    Key(String),
}

impl Hand {
    /// The fingerprint of the key that signed it; none: nobody checked.
    #[must_use]
    pub fn key(self) -> Option<String> {
        match self {
            Self::Key(key) => Some(key),
            Self::Keyboard | Self::Terminal => None,
        }
    }
}

/// Why an order was refused, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Refusal {
    /// With these words.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// Whether what was typed to confirm names this step: spaces around it, a dot at its end and the case do not matter.
#[must_use]
pub fn names(typed: &str, step: &str) -> bool {
    let bare = |text: &str| text.trim().trim_end_matches('.').to_lowercase();
    bare(typed) == bare(step)
}
