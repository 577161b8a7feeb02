//! Names of people: whether a name can be distinguished from others by eye, and whether two names belong to one person. Where the plan has
//! no keys, two people are counted by their names, so names that look the same must not count twice.
//!
//! By UTS #39 (Unicode Security Mechanisms): letters of one script, only characters allowed in identifiers, and skeletons that differ.

use unicode_security::{GeneralSecurityProfile as _, MixedScript as _, skeleton};

/// Why a name cannot be distinguished from others; none if it can.
#[must_use]
pub fn fault(name: &str) -> Option<String> {
    let plain = |c: char| c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.identifier_allowed());
    if name.trim().is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.trim() != name || name.contains("  ") {
        return Some("it has blanks that are not seen".to_owned());
    }
    if let Some(c) = name.chars().find(|c| !plain(*c)) {
        return Some(format!("U+{:04X} in it is not seen, or belongs to no name", u32::from(c)));
    }
    if !name.is_single_script() {
        return Some("it has letters of two scripts, some of which look like others".to_owned());
    }
    None
}

/// Whether two names look the same, regardless of case, blanks and look-alike letters.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    seen(a) == seen(b)
}

/// The visible form of a name.
#[must_use]
pub fn seen(name: &str) -> String {
    // Invisible characters are removed first: they would separate names that look the same.
    let plain: String =
        name.chars().filter(|c| c.is_ascii() || c.identifier_allowed() || c.is_alphanumeric()).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    // In lower case, before and after: a capital may look like a lower-case letter of another script.
    let small = skeleton(&words.to_lowercase()).collect::<String>();
    skeleton(&small.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_people_have_them_are_in_order() {
        for name in
            ["ana", "Ana María", "O'Brien", "Meyer, Ana", "ana#2", "\"Bo\" !", "Łukasz", "Анна", "李小龍", "ゆき 雪"]
        {
            assert_eq!(fault(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_not_seen_or_looks_like_others_is_told() {
        for name in
            ["", " ", " ana", "a  b", "an\u{200b}a", "ana\u{202e}", "an\u{430}", "ana\n", "a\u{ad}na", "ana\u{a0}b"]
        {
            assert!(fault(name).is_some(), "{name:?}");
        }
    }

    #[test]
    fn one_person_has_one_name_however_it_is_written() {
        for other in ["ANA", " ana ", "аna", "аnа", "an\u{200b}a", "ɑna", "ana\u{feff}"] {
            assert!(same("ana", other), "{other:?}");
        }
        for other in ["anna", "ben", "ana b", "an"] {
            assert!(!same("ana", other), "{other:?}");
        }
        assert!(same("ana b", "Ana  B"));
    }
}
