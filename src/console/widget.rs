//! The parts that pages are made of. Each draws what it is given into a rectangle and knows nothing of pages.

pub mod big;
pub mod chart;
pub mod columns;
pub mod flow;
pub mod table;
pub mod text;
