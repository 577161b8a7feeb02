//! What the names in a plan refer to: things that the plan lists, words, or any text. Labels of signals and parameters of actions have a
//! domain, so that a name that exists nowhere is found before anything runs.
//!
//! Data only. Which things there are is defined beside the plan's tables; this layer knows none of them.

/// Things that a plan lists, each under a name: one table of the plan file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Things {
    /// The key of their tables in the plan file.
    pub table: &'static str,
    /// The key of a thing's name in its table.
    pub key: &'static str,
    /// What one of them is called in messages.
    pub what: &'static str,
    /// The key of the unit in which its numbers are given, for signals in [`Unit::AsNamed`](crate::signal::Unit::AsNamed).
    pub unit: Option<&'static str>,
    /// Their names are DNS names: compared, and given in labels, with the final dot.
    pub qualified: bool,
    /// A table has a key for each side on which the thing exists.
    pub sided: bool,
}

impl Things {
    /// The last word of what one of them is called.
    #[must_use]
    pub fn short(&self) -> &'static str {
        self.what.rsplit(' ').next().unwrap_or(self.what)
    }
}

/// What a name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// The name of one of these things.
    Of(&'static Things),
    /// A name that one of a thing's patterns matches.
    Matched {
        /// The things that have patterns.
        of: &'static Things,
        /// The label, or the parameter, that names the thing; without it any thing's patterns count.
        within: &'static str,
        /// The key of the patterns in its table.
        patterns: &'static str,
        /// The message before a name that none matches.
        missing: &'static str,
    },
    /// One of these words.
    Words {
        /// The message before another word.
        missing: &'static str,
        /// The words.
        words: &'static [&'static str],
        /// What leaves fewer words.
        switch: Option<Switch>,
    },
    /// Any text: what exists is known only once a server was read.
    Free,
}

/// A switch of a thing without which only some words are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    /// The things.
    pub of: &'static Things,
    /// The label that names the thing.
    pub label: &'static str,
    /// The table within the thing's table, and the key in it, that turn the rest off.
    pub key: (&'static str, &'static str),
    /// The words that are left.
    pub off: &'static [&'static str],
}

/// A label, or a parameter, and what its values may be.
pub type Named = (&'static str, Domain);

/// The words of the sides.
pub const SIDE: Domain = Domain::Words { missing: "there is no side", words: &["source", "target"], switch: None };
/// No label at all.
pub const NONE: &[Named] = &[];
