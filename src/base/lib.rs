//! The types that every layer uses. Pure data and pure functions: nothing here does I/O, reads a clock, or knows a system.
//!
//! | module | what lives there |
//! | --- | --- |
//! | [`now`], [`digest`], [`side`] | moments and durations, SHA-256, the two sides |
//! | [`observed`] | values whose age cannot be ignored, and faults |
//! | [`domain`] | what the names in a plan refer to, and what labels may be |
//! | [`signal`], [`watched`], [`history`] | signals and their samples, the things that the plan names and whether they are known, curves |
//! | [`collector`] | one endpoint × one query, and its health |
//! | [`step`] | the machine of one step: a pure function, explored exhaustively by a model checker |
//! | [`operation`] | drafts, operations, preconditions and outcomes as data |
//! | [`view`] | panels, tables, tiles, curves and details as data, without a terminal |
//! | [`cause`] | errors with their causes, as one text |
//! | [`text`] | texts from other programs and people, and the forms in which they may be shown |

pub mod cause;
pub mod collector;
pub mod digest;
pub mod domain;
pub mod history;
pub mod now;
pub mod observed;
pub mod operation;
pub mod side;
pub mod signal;
pub mod step;
pub mod text;
pub mod view;
pub mod watched;
