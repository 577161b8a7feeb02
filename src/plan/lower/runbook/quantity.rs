//! A number with its unit, in the unit of a signal.

use std::time::Duration;

use crate::{
    diag::{Code, Diagnosis, Faults},
    scalar::{self, quoted},
    spec::Kind,
    tree::{At, Quantity, Value},
};
use base::signal::{MAX, Unit};

/// Bytes, by their suffixes.
const BYTES: [(&str, f64); 11] = [
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("PiB", 1_125_899_906_842_624.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("B", 1.0),
];

/// The value in the unit, within the range; reports a fault.
pub fn read(at: &At<Quantity>, unit: Unit, range: (f64, f64), metric: &str, faults: &mut Faults) -> Option<f64> {
    match fitting(&at.value, unit) {
        Ok(value) if value >= range.0 && value <= range.1 => Some(value),
        Ok(_) => {
            let most = if range.1 >= MAX { String::new() } else { format!(" to {}", range.1) };
            let message = format!("`{metric}` is never {}: it goes from {}{most}", shown(&at.value), range.0);
            let hint = match unit {
                Unit::Ratio => "a ratio goes from 0 to 1: write \"5%\" or 0.05",
                _ => "correct the value, or the metric",
            };
            faults.push(Diagnosis::error(Code::OutOfRange, &at.span, message).hint(hint));
            None
        }
        Err(hint) => {
            let message = format!("{} does not fit `{metric}`, which is {}", shown(&at.value), word(unit));
            faults.push(Diagnosis::error(Code::Unit, &at.span, message).hint(hint));
            None
        }
    }
}

const fn word(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "a duration",
        Unit::Ratio => "a ratio from 0 to 1",
        Unit::Count => "a count",
        Unit::PerSecond => "a rate per second",
        Unit::Bytes => "a number of bytes",
        Unit::Bool => "true or false",
        Unit::AsNamed => "in the unit of its query",
    }
}

fn shown(value: &Quantity) -> String {
    match value {
        Quantity::Number(n) => n.to_string(),
        Quantity::Flag(yes) => yes.to_string(),
        Quantity::Text(text) => quoted(text),
    }
}

/// Counts, by their suffixes, for filters of rows, not for decisions.
const COUNTS: [(&str, f64); 5] = [("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("/s", 1.0)];

/// A number with any unit of the plan's format, in the unit of the signals that use it: seconds, bytes, shares, counts.
pub fn amount(text: &str) -> Option<f64> {
    if let Ok(plain) = text.parse::<f64>() {
        return Some(plain).filter(|n| n.is_finite());
    }
    let (minus, text) = text.strip_prefix('-').map_or((1.0, text), |text| (-1.0, text));
    let share = || number(text, "%").map(|n| n / 100.0);
    let count = || COUNTS.iter().find_map(|(end, each)| number(text, end).map(|n| n * each));
    share().or_else(count).or_else(|| bytes(text)).or_else(|| seconds(text).ok()).map(|n| minus * n)
}

/// The value in the unit, or what to write instead.
fn fitting(value: &Quantity, unit: Unit) -> Result<f64, String> {
    match (unit, value) {
        (Unit::Seconds, Quantity::Text(text)) => seconds(text),
        (Unit::Seconds, Quantity::Number(n)) => Err(format!("seconds? then write \"{n}s\"")),
        (Unit::Bytes, Quantity::Text(text)) => bytes(text).ok_or_else(|| "write \"512MiB\" or \"2GiB\"".to_owned()),
        (Unit::Bytes, Quantity::Number(n)) => Err(format!("bytes? then write \"{n}B\"")),
        (Unit::Bool, Quantity::Flag(yes)) => Ok(f64::from(u8::from(*yes))),
        (Unit::Bool, Quantity::Number(n)) if *n == 0.0 || *n == 1.0 => Ok(*n),
        (Unit::Bool, _) => Err("write true or false".to_owned()),
        (Unit::Ratio | Unit::Count | Unit::PerSecond | Unit::AsNamed, Quantity::Number(n)) => Ok(*n),
        (Unit::Ratio, Quantity::Text(text)) => {
            number(text, "%").map(|n| n / 100.0).ok_or_else(|| "write \"1%\" or 0.01".to_owned())
        }
        (Unit::PerSecond, Quantity::Text(text)) => {
            number(text, "/s").ok_or_else(|| "write \"200/s\" or 200".to_owned())
        }
        (Unit::Ratio, Quantity::Flag(_)) => Err("write \"1%\" or 0.01".to_owned()),
        (Unit::Count | Unit::PerSecond | Unit::AsNamed, _) => Err("write a number, without quotes".to_owned()),
        (Unit::Seconds, Quantity::Flag(_)) => Err("write \"2s\" or \"5m\"".to_owned()),
        (Unit::Bytes, Quantity::Flag(_)) => Err("write \"512MiB\" or \"2GiB\"".to_owned()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let any = Kind::Duration(Duration::ZERO, Duration::from_secs(u64::from(u32::MAX)));
    match scalar::text(&any, text) {
        Some(Ok(Value::Duration(d))) => Ok(d.as_secs_f64()),
        Some(Err(wrong)) => Err(wrong.hint.unwrap_or(wrong.what)),
        _ => Err("write \"2s\" or \"5m\"".to_owned()),
    }
}

fn bytes(text: &str) -> Option<f64> {
    BYTES.iter().find_map(|(end, each)| number(text, end).map(|n| n * each))
}

/// The number before this suffix.
fn number(text: &str, end: &str) -> Option<f64> {
    let digits = text.strip_suffix(end)?.trim();
    let plain =
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    digits.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, unit: Unit) -> Option<f64> {
        fitting(&Quantity::Text(text.to_owned()), unit).ok()
    }

    #[test]
    fn units_fit_their_signals_and_no_others() {
        assert_eq!(text("2s", Unit::Seconds), Some(2.0));
        assert_eq!(text("24h", Unit::Seconds), Some(86_400.0));
        assert_eq!(text("1%", Unit::Ratio), Some(0.01));
        assert_eq!(text("2GiB", Unit::Bytes), Some(2_147_483_648.0));
        assert_eq!(text("5 MB", Unit::Bytes), Some(5e6));
        assert_eq!(text("200/s", Unit::PerSecond), Some(200.0));
        for (wrong, unit) in [
            ("1%", Unit::Seconds),
            ("2s", Unit::Ratio),
            ("2", Unit::Seconds),
            ("2", Unit::Count),
            ("infB", Unit::Bytes),
            ("-1%", Unit::Ratio),
            ("true", Unit::Bool),
        ] {
            assert_eq!(text(wrong, unit), None, "{wrong} {unit:?}");
        }
        assert_eq!(fitting(&Quantity::Number(2.0), Unit::Seconds), Err("seconds? then write \"2s\"".to_owned()));
        assert_eq!(fitting(&Quantity::Flag(true), Unit::Bool), Ok(1.0));
        assert!(fitting(&Quantity::Number(2.0), Unit::Bool).is_err());
    }
}
