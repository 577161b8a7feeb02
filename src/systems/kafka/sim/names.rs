//! Names that match a plan's patterns.

use plan::Pattern;

pub(super) const TOPIC_WORDS: &[&str] = &["clicks", "impressions", "bids", "1", "12", "budget"];
pub(super) const GROUP_WORDS: &[&str] = &["enrich", "archive", "attribution", "1", "12", "alerts"];

/// The most names generated from one pattern.
const EACH: usize = 3;

/// Literal names as they are; for each pattern a few names that it matches. Sorted, without duplicates.
pub(super) fn expand(patterns: &[Pattern], words: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for pattern in patterns {
        match pattern.literal() {
            Some(name) => out.push(name.to_owned()),
            None => out.extend(guesses(pattern, words).take(EACH)),
        }
    }
    let mut seen = std::collections::HashSet::new();
    out.retain(|name| seen.insert(name.clone()));
    out
}

/// Inserts words where the pattern allows it, as far as it matches them.
fn guesses<'a>(pattern: &'a Pattern, words: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    let text = pattern.to_string();
    // The run of plain characters at the beginning: of a glob the part before its first star, of an expression what follows its anchor.
    let start = text.trim_start_matches(['/', '^']);
    let plain = start.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(start.len());
    let start = start[..plain].to_owned();
    words
        .iter()
        .flat_map(move |word| [text.replace('*', word).replace('?', "1"), format!("{start}{word}")])
        .filter(|name| pattern.matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_names_they_match() {
        let patterns: Vec<Pattern> =
            ["orders", "events.*", "/^billing-\\d+$/"].map(|t| Pattern::parse(t).unwrap()).to_vec();
        let names = expand(&patterns, TOPIC_WORDS);
        assert_eq!(names[..2], ["orders", "events.clicks"]);
        assert!(names.iter().any(|n| n == "billing-12"), "{names:?}");
        for name in &names {
            assert!(patterns.iter().any(|p| p.matches(name)), "{name}");
        }
    }
}
