//! What the palette offers, as data.

use super::{
    command::{Id, Risk},
    order::Sort,
};

/// What an offer selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// A command.
    Command(Id),
    /// A page, by its number from 0.
    Page(usize),
    /// A step, by its id.
    Step(String),
    /// A theme, by its number.
    Theme(usize),
    /// An order of the focused table.
    Sort(Option<Sort>),
    /// A column of the focused table to hide or to show, or all to show.
    Column(Option<&'static str>),
    /// A text for the clipboard.
    Copy(String),
    /// A row of a table, on a page of the view model.
    Row(usize, (&'static str, String)),
    /// A gate of a step, with its signal: the step, and the gate's id.
    Gate(String, String),
    /// A word of the glossary.
    Word(&'static str),
}

/// One line of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What it selects.
    pub pick: Pick,
    /// Its key, if it has one.
    pub key: String,
    /// The name that is searched.
    pub name: String,
    /// What it does, in one sentence.
    pub doc: String,
    /// The effect it can have.
    pub risk: Risk,
    /// Why it is disabled.
    pub why_not: Option<String>,
}
