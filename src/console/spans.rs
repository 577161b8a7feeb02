//! What a text says, in parts: words, commands, instants.
//!
//! Texts of the console and of the engine name a command as the palette does (`:again`) and an instant in RFC 3339, so that they are
//! complete wherever they are printed. Only this module reads them in a text: it is the last step before drawing.

use std::borrow::Cow;

use jiff::Timestamp;

use super::command::{Command, Id};

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Words.
    Words,
    /// The name of a command.
    Command(Id),
    /// An instant.
    Instant(Timestamp),
}

/// The parts of a text as they are written, in order.
#[must_use]
pub fn spans(text: &str) -> Vec<(&str, Span)> {
    let mut out = Vec::new();
    let mut begin = 0;
    // Few texts contain a command or an instant: for the others the search for these characters is enough.
    for (at, sign) in text.match_indices([':', 'Z']) {
        let found = if sign == ":" { command(text, at) } else { instant(text, begin, at) };
        let Some((from, to, span)) = found.filter(|(from, ..)| *from >= begin) else { continue };
        out.push((&text[begin..from], Span::Words));
        out.push((&text[from..to], span));
        begin = to;
    }
    out.push((&text[begin..], Span::Words));
    out.retain(|(written, _)| !written.is_empty());
    out
}

/// The text with its parts as `shown` spells them; `None`: as it is written.
#[must_use]
pub fn spelled<'t>(text: &'t str, shown: impl Fn(Span) -> Option<String>) -> Cow<'t, str> {
    // Every cell of a table comes here.
    if !text.contains([':', 'Z']) {
        return text.into();
    }
    let spans = spans(text);
    if spans.iter().all(|(_, span)| *span == Span::Words) {
        return text.into();
    }
    let word = |(written, span): (&'t str, Span)| shown(span).map_or(Cow::Borrowed(written), Cow::Owned);
    spans.into_iter().map(word).collect::<String>().into()
}

/// The command that is named at this colon: where it begins and ends. A word that is not a command's name is none.
fn command(text: &str, at: usize) -> Option<(usize, usize, Span)> {
    let begins = text[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "(\"".contains(c));
    let after = &text[at + 1..];
    let length = after.find(|c: char| !(c.is_ascii_lowercase() || c == '-')).unwrap_or(after.len());
    let command = Command::named(&after[..length]).filter(|_| begins)?;
    Some((at, at + 1 + length, Span::Command(command.id)))
}

/// The instant that ends with this `Z`, where it begins and ends: RFC 3339 in UTC behind `until`, `since` or `at`; elsewhere it may be
/// part of a command line or of a name.
fn instant(text: &str, begin: usize, z: usize) -> Option<(usize, usize, Span)> {
    let from = text.get(begin..z)?.rfind(' ').map_or(begin, |n| begin + n + 1);
    let behind = ["until ", "since ", "at "].iter().any(|word| text[..from].ends_with(word));
    let ends = text[z + 1..].chars().next().is_none_or(|c| c.is_whitespace() || ",;:.)".contains(c));
    let at = text[from..=z].parse().ok().filter(|_| behind && ends)?;
    Some((from, z + 1, Span::Instant(at)))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{clock::Clock, key::Key, keymap::Keymap};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn read(text: &str) -> String {
        let keys = Keymap::with(&[(Id::Again, vec![Key::Char('R')]), (Id::RollBack, vec![])]).expect("no clash");
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let clock = Clock::new(&berlin, at("2026-11-21T03:00:00Z"), at("2026-11-21T03:12:05Z"));
        let shown = |span| match span {
            Span::Words => None,
            Span::Command(id) => Some(keys.word(id)),
            Span::Instant(at) => Some(clock.time(at)),
        };
        spelled(text, shown).into_owned()
    }

    #[test]
    fn texts_speak_of_commands_by_their_keys() {
        assert_eq!(read("it failed: :again tries it again"), "it failed: R tries it again");
        assert_eq!(read(":release, :roll-back (:hold)"), "H, :roll-back (h)");
        for same in ["db1:27017 is up", "no :such command", "plain", "10:30:00", "lag:>5 :", "a:again"] {
            assert_eq!(read(same), same);
        }
    }

    #[test]
    fn texts_name_instants_in_utc_and_are_read_in_the_zone() {
        assert_eq!(
            read("waived until 2026-11-21T04:00:00Z (in 48m): ZZ, since 2026-11-20T04:00:00Z."),
            "waived until 05:00:00 (in 48m): ZZ, since 2026-11-20 05:00:00."
        );
        assert_eq!(read("at 2026-11-21T04:00:00Z"), "at 05:00:00");
        for same in [
            "aws --start-time 2026-11-21T04:00:00Z",
            "until dump-2026-11-21T04:00:00Z.gz",
            "until 2026-11-21T04:00:00Z-1",
            "until Z, at Zürich, since 2026-11-21T04:00:00",
            "",
        ] {
            assert_eq!(read(same), same);
        }
    }

    #[test]
    fn a_text_consists_of_its_spans() {
        let text = "held until 2026-11-21T04:00:00Z: :release resumes it";
        assert_eq!(
            spans(text),
            [
                ("held until ", Span::Words),
                ("2026-11-21T04:00:00Z", Span::Instant(at("2026-11-21T04:00:00Z"))),
                (": ", Span::Words),
                (":release", Span::Command(Id::Release)),
                (" resumes it", Span::Words),
            ]
        );
    }
}
