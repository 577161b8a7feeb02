//! Suggestions: the nearest word, or the table where a key belongs.

use std::sync::LazyLock;

use super::spec::{Kind, TableSpec, tables::ROOT};

/// The word that was probably meant, if one is similar enough.
pub fn nearest<'a>(text: &str, words: &[&'a str]) -> Option<&'a str> {
    nearest_from(0.84, text, words)
}

/// The same for names whose parts are separated by dots, such as client properties.
pub fn nearest_dotted<'a>(text: &str, words: &[&'a str]) -> Option<&'a str> {
    nearest(&text.replace(['_', '-'], "."), words)
}

/// The missing key of a table that this unknown one may stand for. A missing key is more likely to be meant, so it may be less similar.
pub fn stands_for<'a>(unknown: &str, missing: &[&'a str]) -> Option<&'a str> {
    nearest_from(0.6, unknown, missing)
}

fn nearest_from<'a>(least: f64, text: &str, words: &[&'a str]) -> Option<&'a str> {
    let text = text.to_ascii_lowercase().replace('-', "_");
    let score = |word: &str| strsim::jaro_winkler(&text, word).max(strsim::normalized_damerau_levenshtein(&text, word));
    words
        .iter()
        .map(|word| (score(word), *word))
        .filter(|(score, _)| *score >= least)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

/// The advice for an unknown key of a table.
pub fn unknown_key(key: &str, table: &TableSpec) -> String {
    let known: Vec<&str> = table.keys().filter(|k| !matches!(k.kind, Kind::Reserved(_))).map(|k| k.name).collect();
    if let Some(near) = nearest(key, &known) {
        return format!("did you mean `{near}`?");
    }
    // Scenarios and themes are checked by the same code; for them the place of a plan's key is no help.
    if tables().iter().any(|t| std::ptr::eq(*t, table)) {
        let home = belongs(key);
        if !home.is_empty() {
            return home;
        }
        let all: Vec<&str> = tables().iter().flat_map(|t| t.keys()).map(|k| k.name).collect();
        if let Some(near) = nearest(key, &all) {
            return format!("did you mean `{near}` in {}?", homes_of(near).join(", "));
        }
    }
    format!("{} knows {}", table.header, known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "))
}

/// Where a key of the format belongs; empty where the format has no key of that name.
pub fn belongs(key: &str) -> String {
    let homes = homes_of(key);
    match homes.split_last() {
        None => String::new(),
        Some((last, [])) => format!("`{key}` belongs in {last}{}", above(&homes)),
        Some((last, rest)) => format!("`{key}` belongs in {} or {last}{}", rest.join(", "), above(&homes)),
    }
}

/// In TOML a key belongs to the last header above it.
fn above(homes: &[&str]) -> &'static str {
    if homes.iter().any(|h| h.starts_with('[') || *h == ROOT.header) {
        ", above the headers of other tables"
    } else {
        ""
    }
}

fn inner(kind: &Kind) -> Vec<&'static TableSpec> {
    match kind {
        Kind::Table(spec) | Kind::Tables(spec) => vec![spec],
        Kind::OneOf(specs) => specs.to_vec(),
        Kind::List(kind, _) | Kind::Shared(_, kind) => inner(kind),
        _ => Vec::new(),
    }
}

/// The format's tables, each once, in the order of the format. A gate may contain gates: the recursion ends here.
fn tables() -> &'static [&'static TableSpec] {
    static ALL: LazyLock<Vec<&'static TableSpec>> = LazyLock::new(all_tables);
    &ALL
}

fn all_tables() -> Vec<&'static TableSpec> {
    let mut found = vec![&ROOT];
    let mut at = 0;
    while let Some(table) = found.get(at) {
        let within: Vec<_> = table.keys().flat_map(|k| inner(&k.kind)).collect();
        let new: Vec<_> = within.into_iter().filter(|w| !found.iter().any(|f| std::ptr::eq(*f, *w))).collect();
        at += 1;
        found.splice(at..at, new);
    }
    found
}

fn homes_of(key: &str) -> Vec<&'static str> {
    let mut homes = Vec::new();
    for table in tables().iter().filter(|t| t.key(key).is_some()) {
        if !homes.contains(&table.header) {
            homes.push(table.header);
        }
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_and_homes() {
        assert_eq!(nearest("replicaset", &["replica_set", "route53"]), Some("replica_set"));
        assert_eq!(nearest("replica-sets", &["replica_set", "route53"]), Some("replica_set"));
        assert_eq!(nearest("banana", &["replica_set", "route53"]), None);
        assert!(unknown_key("wanted", &ROOT).contains("[[fleet]]"));
        assert!(unknown_key("banana", &ROOT).contains("`sites`"));
    }
}
