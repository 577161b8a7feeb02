//! What a text says, in parts: words, commands, instants.
//!
//! Texts of the console and of the engine name a command as the palette does (`:again`) and an instant in RFC 3339, so that they are
//! complete wherever they are printed. Only this module reads them in a text: it is the last step before drawing.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{
    clock::Clock,
    command::{Command, Id},
    keymap::Keymap,
};

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span<'t> {
    /// Words, shown as they are.
    Words(&'t str),
    /// A command, shown by its key.
    Command(Id),
    /// An instant, shown in the selected zone.
    Instant(Timestamp),
}

/// The parts of a text, in order.
#[must_use]
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let mut out = Vec::new();
    let mut begin = 0;
    // Few texts contain a command or an instant: for the others the search for these characters is enough.
    for (at, sign) in text.match_indices([':', 'Z']) {
        let found = if sign == ":" { command(text, at) } else { instant(text, begin, at) };
        let Some((from, to, span)) = found.filter(|(from, ..)| *from >= begin) else { continue };
        out.extend(Some(Span::Words(&text[begin..from])).filter(|_| from > begin));
        out.push(span);
        begin = to;
    }
    out.extend(Some(Span::Words(&text[begin..])).filter(|_| begin < text.len()));
    out
}

/// The command that is named at this colon. A word that is not a command's name is none.
fn command(text: &str, at: usize) -> Option<(usize, usize, Span<'_>)> {
    let begins = text[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "(\"".contains(c));
    let after = &text[at + 1..];
    let length = after.find(|c: char| !(c.is_ascii_lowercase() || c == '-')).unwrap_or(after.len());
    let command = Command::named(&after[..length]).filter(|_| begins)?;
    Some((at, at + 1 + length, Span::Command(command.id)))
}

/// The instant that ends with this `Z`: RFC 3339 in UTC behind `until`, `since` or `at`; elsewhere it may be part of a command line or
/// of a name.
fn instant(text: &str, begin: usize, z: usize) -> Option<(usize, usize, Span<'_>)> {
    let from = text.get(begin..z)?.rfind(' ').map_or(begin, |n| begin + n + 1);
    let behind = ["until ", "since ", "at "].iter().any(|word| text[..from].ends_with(word));
    let ends = text[z + 1..].chars().next().is_none_or(|c| c.is_whitespace() || ",;:.)".contains(c));
    let at = text[from..=z].parse().ok().filter(|_| behind && ends)?;
    Some((from, z + 1, Span::Instant(at)))
}

/// A text for the operator: with the keys of commands, and instants in the selected zone.
#[must_use]
pub fn spell<'t>(text: &'t str, keys: &Keymap, clock: &Clock) -> Cow<'t, str> {
    let spans = spans(text);
    if spans.iter().all(|span| matches!(span, Span::Words(_))) {
        return text.into();
    }
    let word = |span: &Span<'t>| match *span {
        Span::Words(words) => Cow::Borrowed(words),
        Span::Command(id) => keys.word(id).into(),
        Span::Instant(at) => clock.time(at).into(),
    };
    spans.iter().map(word).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::key::Key;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn spelled(text: &str) -> String {
        let keys = Keymap::with(&[(Id::Again, vec![Key::Char('R')]), (Id::RollBack, vec![])]).expect("no clash");
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let clock = Clock::new(&berlin, at("2026-11-21T03:00:00Z"), at("2026-11-21T03:12:05Z"));
        spell(text, &keys, &clock).into_owned()
    }

    #[test]
    fn texts_speak_of_commands_by_their_keys() {
        assert_eq!(spelled("it failed: :again tries it again"), "it failed: R tries it again");
        assert_eq!(spelled(":release, :roll-back (:hold)"), "H, :roll-back (h)");
        for same in ["db1:27017 is up", "no :such command", "plain", "10:30:00", "lag:>5 :", "a:again"] {
            assert_eq!(spelled(same), same);
        }
    }

    #[test]
    fn texts_name_instants_in_utc_and_are_read_in_the_zone() {
        assert_eq!(
            spelled("waived until 2026-11-21T04:00:00Z (in 48m): ZZ, since 2026-11-20T04:00:00Z."),
            "waived until 05:00:00 (in 48m): ZZ, since 2026-11-20 05:00:00."
        );
        assert_eq!(spelled("at 2026-11-21T04:00:00Z"), "at 05:00:00");
        for same in [
            "aws --start-time 2026-11-21T04:00:00Z",
            "until dump-2026-11-21T04:00:00Z.gz",
            "until 2026-11-21T04:00:00Z-1",
            "until Z, at Zürich, since 2026-11-21T04:00:00",
            "",
        ] {
            assert_eq!(spelled(same), same);
        }
    }

    #[test]
    fn a_text_consists_of_its_spans() {
        let text = "held until 2026-11-21T04:00:00Z: :release resumes it";
        assert_eq!(
            spans(text),
            [
                Span::Words("held until "),
                Span::Instant(at("2026-11-21T04:00:00Z")),
                Span::Words(": "),
                Span::Command(Id::Release),
                Span::Words(" resumes it"),
            ]
        );
    }
}
