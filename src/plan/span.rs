//! A place in the text of a plan.

/// A range of bytes in the plan's text.
pub type Span = std::ops::Range<usize>;
