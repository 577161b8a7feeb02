//! The format: a family is a name, a type, a help text and all its samples together. No series occurs twice. `# EOF`
//! ends the text.

use std::{collections::HashSet, fmt::Write as _};

use base::text::label;

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only goes up, while the program runs.
    Counter,
    /// One of several states is 1.
    StateSet,
    /// Information as labels.
    Info,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::StateSet => "stateset",
            Self::Info => "info",
        }
    }

    /// Suffix of its sample names.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Gauge | Self::StateSet => "",
            Self::Counter => "_total",
            Self::Info => "_info",
        }
    }
}

/// A label: name and value. One with an empty value is omitted: to OpenMetrics that is the same.
pub(super) type Label<'a> = (&'a str, &'a str);

/// A family while its samples are written.
#[derive(Debug)]
pub(super) struct Family {
    name: String,
    kind: Kind,
    out: String,
    seen: HashSet<String>,
}

impl Family {
    /// A family without samples. Its unit, if any, is the last part of its name.
    pub(super) fn new(name: impl Into<String>, kind: Kind, unit: &str, help: &str) -> Self {
        let name = name.into();
        let mut out = format!("# TYPE {name} {}\n", kind.word());
        // Writing to a string cannot fail.
        if !unit.is_empty() {
            debug_assert!(name.ends_with(&format!("_{unit}")), "{name} is not in {unit}");
            let _ = writeln!(out, "# UNIT {name} {unit}");
        }
        let _ = writeln!(out, "# HELP {name} {}", label(help));
        Self { name, kind, out, seen: HashSet::new() }
    }

    /// Adds a sample. If its labels occur already, a further label distinguishes it: no series may occur twice, and no
    /// sample may be lost.
    pub(super) fn put(&mut self, labels: &[Label<'_>], value: f64) {
        let pairs = labels.iter().filter(|(_, value)| !value.is_empty());
        let mut text = pairs.map(|(name, value)| format!("{name}=\"{}\"", label(value))).collect::<Vec<_>>().join(",");
        let mut n = 1;
        let one = text.clone();
        while !self.seen.insert(text.clone()) {
            n += 1;
            text = if one.is_empty() { format!("n=\"{n}\"") } else { format!("{one},n=\"{n}\"") };
        }
        let braces = if text.is_empty() { String::new() } else { format!("{{{text}}}") };
        let _ = writeln!(self.out, "{}{}{braces} {value}", self.name, self.kind.suffix());
    }

    /// Adds a state set: the current state is 1. The format requires a label with the family's name.
    pub(super) fn put_state(&mut self, labels: &[Label<'_>], states: &[&str], is: &str) {
        let name = self.name.clone();
        for state in states {
            let labels: Vec<Label<'_>> = labels.iter().copied().chain([(name.as_str(), *state)]).collect();
            self.put(&labels, if *state == is { 1.0 } else { 0.0 });
        }
    }

    /// The text; empty if there is no sample.
    pub(super) fn text(self) -> String {
        if self.seen.is_empty() { String::new() } else { self.out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_break_a_line_is_escaped() {
        let mut family = Family::new("landfall_x", Kind::Gauge, "", "says \"no\"\nand \\");
        family.put(&[("who", "a\"b\\c\nd"), ("side", "")], 1.5);
        let wanted = "# TYPE landfall_x gauge\n# HELP landfall_x says \\\"no\\\"\\nand \\\\\n\
            landfall_x{who=\"a\\\"b\\\\c\\nd\"} 1.5\n";
        assert_eq!(family.text(), wanted);
    }

    #[test]
    fn no_series_is_there_twice_and_none_is_lost() {
        let mut family = Family::new("landfall_y", Kind::Counter, "", "y");
        (0..3).for_each(|n| family.put(&[("a", "b")], f64::from(n)));
        let text = family.text();
        assert!(text.ends_with(
            "landfall_y_total{a=\"b\"} 0\nlandfall_y_total{a=\"b\",n=\"2\"} 1\nlandfall_y_total{a=\"b\",n=\"3\"} 2\n"
        ));
    }

    #[test]
    fn one_of_several_states_is_so() {
        let mut family = Family::new("landfall_z", Kind::StateSet, "", "z");
        family.put_state(&[("step", "a")], &["go", "hold"], "hold");
        let text = family.text();
        assert!(
            text.ends_with(
                "landfall_z{step=\"a\",landfall_z=\"go\"} 0\nlandfall_z{step=\"a\",landfall_z=\"hold\"} 1\n"
            )
        );
        assert_eq!(Family::new("landfall_none", Kind::Gauge, "", "nothing").text(), "");
    }
}
