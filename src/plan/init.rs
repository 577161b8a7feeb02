//! A first plan: the canonical runbook, for the systems that the operator has.
//!
//! The text is data: the files in `init/`, one after the other, are one complete plan. A line `#? WORD …` begins a section that is included
//! only if all of its words hold, until the next such line: a system's name holds if it was chosen, `!name` if it was not, `a|b` if one of
//! both does; `#?` alone ends the section. `{{from}}` and the like are replaced by the regions.

use super::{
    scalar,
    spec::{Kind, tables::REGION},
};

/// The parts, in the plan's order.
const PARTS: [&str; 6] = [
    include_str!("init/head.toml"),
    include_str!("init/systems.toml"),
    include_str!("init/rules.toml"),
    include_str!("init/before.toml"),
    include_str!("init/cutover.toml"),
    include_str!("init/after.toml"),
];

/// The regions from and to which a platform moves, by AWS's names.
#[derive(Debug, Clone, Copy)]
pub struct Regions<'a> {
    /// The source's.
    pub from: &'a str,
    /// The target's.
    pub to: &'a str,
}

/// Why there is no plan for a pair of regions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// It is not the name of a region.
    #[error("{} is not {} such as {}", scalar::quoted(.0), REGION.what, scalar::quoted(REGION.example))]
    Name(String),
    /// Both are the same.
    #[error("source and target are both {0}: a plan is about a move from one region to another")]
    Same(String),
}

/// A plan for these systems, by their options in [`LISTED`](super::things::LISTED).
///
/// # Errors
/// If a region is not valid, or both are the same.
pub fn plan(systems: &[&str], regions: Regions<'_>) -> Result<String, RegionError> {
    let Regions { from, to } = regions;
    for region in [from, to] {
        if !matches!(scalar::text(&Kind::Form(&REGION), region), Some(Ok(_))) {
            return Err(RegionError::Name(region.to_owned()));
        }
    }
    if from == to {
        return Err(RegionError::Same(from.to_owned()));
    }
    let (label_from, label_to) = (label(from), label(to));
    let names = [("{{from}}", from), ("{{to}}", to), ("{{FROM}}", &label_from), ("{{TO}}", &label_to)];
    let mut out = String::new();
    let mut shown = true;
    for line in PARTS.iter().flat_map(|part| part.lines()) {
        if let Some(words) = line.trim_start().strip_prefix("#?") {
            shown = holds(words, systems);
        } else if shown && !(line.is_empty() && (out.is_empty() || out.ends_with("\n\n"))) {
            let line = names.iter().fold(line.to_owned(), |line, (name, value)| line.replace(name, value));
            out.push_str(&line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len() + 1);
    Ok(out)
}

/// Whether all of the words hold.
fn holds(words: &str, systems: &[&str]) -> bool {
    let chosen = |word: &str| match word.strip_prefix('!') {
        Some(word) => !systems.contains(&word),
        None => systems.contains(&word),
    };
    words.split_whitespace().all(|word| word.split('|').any(chosen))
}

/// A region's name shortened to the length of a label: `us-east-1` is USEAST1.
fn label(region: &str) -> String {
    region.chars().filter(|c| *c != '-').take(12).collect::<String>().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::things::LISTED;

    #[test]
    fn every_word_of_the_parts_is_a_system_and_every_system_is_there() {
        let words: Vec<&str> = PARTS
            .iter()
            .flat_map(|part| part.lines())
            .filter_map(|line| line.trim_start().strip_prefix("#?"))
            .flat_map(|words| words.split([' ', '|']))
            .map(|word| word.trim_start_matches('!'))
            .filter(|word| !word.is_empty())
            .collect();
        let options: Vec<&str> = LISTED.iter().map(|it| it.option).collect();
        assert!(words.iter().all(|word| options.contains(word)), "{words:?}");
        assert!(options.iter().all(|option| words.contains(option)));
    }

    #[test]
    fn words_hold_together_and_alternatives_alone() {
        let dns = ["dns"];
        for (words, so) in
            [("", true), (" dns", true), (" dns fleet", false), (" dns|fleet", true), (" dns !fleet", true)]
        {
            assert_eq!(holds(words, &dns), so, "{words}");
        }
    }
}
