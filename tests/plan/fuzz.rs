//! No file content makes the reader panic, and every message has a place in the text.

use proptest::prelude::*;

use crate::{ALL_KEYS, lines_of};

fn survives(text: &str) -> Result<(), TestCaseError> {
    let (plan, report) = lines_of("p.toml", text);
    prop_assert!(plan.is_some() || !report.is_empty(), "refused without a word");
    let lines = text.matches('\n').count() + 1;
    for d in &report {
        prop_assert!((1..=lines).contains(&d.line) && d.column >= 1 && d.span.end <= text.len(), "{d:?}");
    }
    let shown = report.render(true);
    prop_assert!(report.is_empty() || !shown.is_empty());
    Ok(())
}

/// Pieces of plans, valid and invalid.
const PIECES: [&str; 24] = [
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "#",
    "\n",
    "\r\n",
    "\0",
    "é\u{301}",
    "\u{202e}",
    "-1",
    "99999999999999999999",
    "[[kafka]]\n",
    "source = ",
    "{ env = 1 }",
    "\"2\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        survives(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_pieces(pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..80)) {
        survives(&pieces.concat())?;
    }

    #[test]
    fn a_good_plan_with_something_cut_out_and_something_put_in(
        at in any::<prop::sample::Index>(),
        cut in 0_usize..60,
        piece in proptest::sample::select(&PIECES[..]),
    ) {
        let chars: Vec<char> = ALL_KEYS.chars().collect();
        let start = at.index(chars.len());
        let end = (start + cut).min(chars.len());
        let text: String = chars[..start].iter().copied().chain(piece.chars()).chain(chars[end..].iter().copied()).collect();
        survives(&text)?;
    }

    #[test]
    fn a_good_plan_with_two_lines_swapped(a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let mut lines: Vec<&str> = ALL_KEYS.lines().collect();
        let (a, b) = (a.index(lines.len()), b.index(lines.len()));
        lines.swap(a, b);
        survives(&lines.join("\n"))?;
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    for open in ["a = [", "a = { b = "] {
        let text = format!("{open}{}", open.trim_start_matches("a = ").repeat(20_000));
        let (plan, report) = lines_of("deep.toml", &text);
        assert!(plan.is_none() && !report.is_empty());
    }
}
