//! Texts from other programs and people – servers, plans, journals, file names – and how they are shown: they never move the cursor, change
//! the direction of a line, end a line, or act as markup.
//!
//! [`Foreign`] holds such a text and cannot be printed directly. All output leaves the program as a [`Document`], which is made from lines
//! ([`Lines`]) or in a form; each form is one function:
//!
//! | destination | function |
//! | --- | --- |
//! | a terminal, a pipe, a log | [`line`], and [`block`] for several lines of the program's own |
//! | Markdown | [`markdown`] |
//! | HTML and SVG | [`html`] |
//! | an OpenMetrics label or help | [`label`] |
//! | JSON | [`json`] |
//!
//! Every form removes the secrets that were read (`secrets`). Nothing here depends on the content, or does I/O.

mod document;
mod forms;
mod secrets;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, sync::Arc};

use serde::{Serialize, Serializer};

pub use self::{
    document::{Document, Lines},
    forms::{block, html, json, label, line, markdown, styled},
    secrets::{remember, remember_for_now, struck},
};

/// A text from outside the program. It is shown as one line, without characters that affect the text around it. The raw text is only for
/// comparison and search, by [`Foreign::raw`]. It contains no secret that was read ([`remember`]).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Foreign(Arc<str>);

impl Foreign {
    /// Takes a text as received.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(struck(text.as_ref()).into())
    }

    /// The text as received: for comparison and search, never for display.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&line(&self.0))
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&line(&self.0), f)
    }
}

/// As received: JSON is made by [`json`], which escapes every active character.
impl Serialize for Foreign {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

/// Whether a character is active, that is, affects the text around it instead of being visible: controls, line and paragraph separators,
/// and Unicode's `Default_Ignorable_Code_Point` (directions, zero widths, fillers, tags; DerivedCoreProperties.txt of Unicode 16).
#[must_use]
pub const fn acts(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with every active character replaced; borrowed where there is none.
fn replaced(text: &str, mut with: impl FnMut(char, &mut String)) -> Cow<'_, str> {
    let text = struck(text);
    let Some(first) = text.find(acts) else { return text };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        if acts(c) { with(c, &mut out) } else { out.push(c) }
    }
    out.into()
}
