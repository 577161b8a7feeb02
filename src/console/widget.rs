//! The widgets that pages consist of. Each draws its input into a rectangle and knows nothing of pages.

pub mod big;
pub mod chart;
pub mod columns;
pub mod flow;
mod lines;
pub mod table;
pub mod text;
