//! What an operator can want of a run.

use crate::core::{digest::Digest, step::Ticket};

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
    Hold(String),
    /// Go on.
    Release,
    /// Give an attempt up that stands still; finish its tail.
    Abandon(String),
    /// A manual step is done.
    Attest {
        /// The step.
        step: String,
        /// What the operator looked at.
        looked_at: String,
    },
    /// Two people settle what has become of an operation that cannot be observed.
    Settle {
        /// The step.
        step: String,
        /// The operation.
        ticket: Ticket,
        /// Whether it is there.
        there: bool,
        /// What they looked at.
        looked_at: String,
        /// Who, beside the operator.
        second: String,
    },
    /// Take over what somebody else did.
    Adopt(String),
    /// Two people leave a step out.
    Skip {
        /// The step.
        step: String,
        /// Why.
        reason: String,
        /// Who, beside the operator.
        second: String,
    },
    /// Two people leave a gate out of the verdict for a while.
    Waive {
        /// The gate.
        gate: String,
        /// Why.
        reason: String,
        /// Who, beside the operator.
        second: String,
        /// For so many minutes.
        minutes: u32,
    },
    /// Somebody approves a preview.
    Approve {
        /// The step.
        step: String,
        /// What they saw.
        digest: Digest,
        /// Who.
        by: String,
        /// The fingerprint of the key that signed it; none: nobody checked.
        key: Option<String>,
    },
    /// Words for the record.
    Remark {
        /// Whose; the operator's where none.
        by: Option<String>,
        /// The words.
        text: String,
    },
}

/// Why an order was not obeyed, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Refusal {
    /// With these words.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
