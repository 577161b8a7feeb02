//! How to draw: what every part of the screen needs beside its data.

use std::borrow::Cow;

use ratatui::style::Style;
use unicode_width::UnicodeWidthStr as _;

use super::{
    clock::Clock,
    keymap::Keymap,
    spans::{Span, spelled},
    theme::{Role, Theme},
};
use base::side::{Side, Sides};

/// How to draw.
#[derive(Debug, Clone)]
pub struct Drawing<'a> {
    /// Colours and modifiers.
    pub theme: &'a Theme,
    /// ASCII characters only.
    pub ascii: bool,
    /// The sites' labels.
    pub sides: Sides<&'a str>,
    /// Which key runs which command: texts refer to commands by name.
    pub keys: &'a Keymap,
    /// Formats instants: texts contain them in UTC.
    pub clock: &'a Clock,
}

impl Drawing<'_> {
    /// A text for the operator: with the keys of commands, and instants in the selected zone.
    #[must_use]
    pub fn spell<'t>(&self, text: &'t str) -> Cow<'t, str> {
        spelled(text, |span| match span {
            Span::Words => None,
            Span::Command(id) => Some(self.keys.word(id)),
            Span::Instant(at) => Some(self.clock.time(at)),
        })
    }

    /// The style of a column group's heading: the colour of its side.
    #[must_use]
    pub fn group(&self, group: &str) -> Style {
        let of =
            |side: Side| group.starts_with(side.word()) || group.split_whitespace().any(|w| w == *self.sides.get(side));
        match Side::BOTH.into_iter().find(|s| of(*s)) {
            Some(side) => self.theme.side(side),
            None => self.theme.style(Role::Heading),
        }
    }

    /// A group's heading for this width: a side's label alone is as clear as `source` with the label.
    #[must_use]
    pub fn group_word<'g>(&self, group: &'g str, room: u16) -> &'g str {
        let label = group.rsplit(' ').next().unwrap_or(group);
        let is_side = Side::BOTH.into_iter().any(|s| label == *self.sides.get(s));
        if is_side && group.width() > usize::from(room) { label } else { group }
    }
}
