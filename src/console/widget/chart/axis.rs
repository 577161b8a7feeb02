//! Position of a value on an axis, and the round values beside it.

use crate::{clock::Clock, marks::Limit};
use base::signal::Unit;

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Round values with their words.
    pub ticks: Vec<(f64, String)>,
}

impl Scale {
    /// Relative position of a value, 0 to 1.
    pub fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The column of a value.
    pub fn column(&self, value: f64, width: u16) -> u16 {
        cell(self.share(value), width)
    }

    /// The row of a value, from the top.
    pub fn row(&self, value: f64, height: u16) -> u16 {
        cell(1.0 - self.share(value), height)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the size")]
fn cell(share: f64, size: u16) -> u16 {
    ((share * f64::from(size)) as u16).min(size.saturating_sub(1))
}

/// A limit farther away than this many times the range of the lines would flatten them: it is written, not drawn.
const FAR: f64 = 5.0;

/// The value axis: all known values and the near limits, between round numbers.
pub fn value_scale((low, high): (f64, f64), limits: &[Limit], unit: Unit, rows: u16) -> Scale {
    let reach = (high - low).max(high.abs()).max(f64::MIN_POSITIVE);
    let near = |l: &&Limit| l.value <= high + FAR * reach && l.value >= low - FAR * reach || high <= 0.0;
    let (mut bottom, mut top) = (low, high);
    for limit in limits.iter().filter(near) {
        (bottom, top) = (bottom.min(limit.value), top.max(limit.value));
    }
    // The axis of values that are never negative begins at 0; a constant line keeps off the edges.
    if bottom >= 0.0 {
        bottom = 0.0;
    }
    if top <= bottom {
        top = bottom + if bottom.abs() > 0.0 { bottom.abs() } else { 1.0 };
    }
    let wanted = f64::from((rows / 3).clamp(1, 5));
    let step = round((top - bottom) / wanted, unit);
    let (low, mut high) = ((bottom / step).floor() * step, (top / step).ceil() * step);
    if unit == Unit::Ratio {
        high = high.min(1.0_f64.max(top));
    }
    let count = ((high - low) / step).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a handful")]
    let ticks = (0..=count as u32).map(|i| low + f64::from(i) * step).filter(|v| *v <= high + step * 1e-6);
    Scale { low, high, ticks: ticks.map(|v| (v, words(v, unit))).collect() }
}

/// The smallest round step that is not smaller than `step`.
fn round(step: f64, unit: Unit) -> f64 {
    const TIMES: [f64; 16] = [
        15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0,
        172_800.0, 604_800.0,
    ];
    if unit == Unit::Bool {
        return 1.0;
    }
    if unit == Unit::Seconds && step > 10.0 {
        return TIMES.into_iter().find(|t| *t >= step).unwrap_or_else(|| (step / 604_800.0).ceil() * 604_800.0);
    }
    let base: f64 = if unit == Unit::Bytes { 1024.0_f64.powf(step.max(1.0).log(1024.0).floor()) } else { 1.0 };
    let step = step / base;
    let ten = 10_f64.powf(step.log10().floor());
    let whole = matches!(unit, Unit::Count | Unit::Bytes);
    let found = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * ten).find(|s| *s >= step * (1.0 - 1e-9)).unwrap_or(step);
    match unit {
        Unit::Bytes if found >= 500.0 => 1024.0 * base,
        _ if whole => found.max(1.0) * base,
        _ => found,
    }
}

/// A round number, written as short as possible.
pub fn words(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio => format!("{} %", digits(value * 100.0)),
        Unit::PerSecond => format!("{}/s", large(value)),
        Unit::Seconds => span(value),
        Unit::Bytes => bytes(value),
        Unit::Count | Unit::AsNamed | Unit::Bool => large(value),
    }
}

fn digits(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn large(value: f64) -> String {
    match value.abs() {
        a if a >= 1e9 => format!("{}G", digits(value / 1e9)),
        a if a >= 1e6 => format!("{}M", digits(value / 1e6)),
        a if a >= 1e4 => format!("{}k", digits(value / 1e3)),
        _ => digits(value),
    }
}

fn bytes(value: f64) -> String {
    let units = [(1_099_511_627_776.0, "TiB"), (1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1024.0, "KiB")];
    let unit = units.into_iter().find(|(size, _)| value.abs() >= *size);
    unit.map_or_else(|| format!("{}B", digits(value)), |(size, word)| format!("{}{word}", digits(value / size)))
}

fn span(seconds: f64) -> String {
    match seconds.abs() {
        0.0 => "0".to_owned(),
        a if a < 1.0 => format!("{}ms", digits(seconds * 1e3)),
        a if a < 60.0 => format!("{}s", digits(seconds)),
        a if a < 3600.0 && (seconds / 60.0).fract() != 0.0 => {
            format!("{}m{}s", digits((seconds / 60.0).trunc()), digits((seconds % 60.0).abs()))
        }
        a if a < 3600.0 => format!("{}m", digits(seconds / 60.0)),
        a if a < 86_400.0 => format!("{}h", digits(seconds / 3600.0)),
        _ => format!("{}d", digits(seconds / 86_400.0)),
    }
}

/// Round times of day before now, newest first, far enough apart to be legible; positions in seconds after now.
pub fn times(span: f64, width: u16, clock: &Clock) -> Vec<(f64, String)> {
    const STEPS: [f64; 10] = [10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0];
    let most = f64::from((width / 12).max(1));
    let step = STEPS.into_iter().find(|s| span / s <= most).unwrap_or(7200.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a handful")]
    let count = (span / step) as u32;
    let latest = -(clock.since_midnight() % step);
    let ats = (0..=count).map(|i| latest - f64::from(i) * step).filter(|at| -at <= span);
    ats.map(|at| (at, clock.tick(at, step < 60.0))).collect()
}

/// A time before now: `-90s`, `-5m`, `-1h30m`.
pub fn ago(at: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let s = (-at).max(0.0).round() as u64;
    match s {
        0 => "now".to_owned(),
        1..60 => format!("-{s}s"),
        60..3600 if s.is_multiple_of(60) => format!("-{}m", s / 60),
        60..3600 => format!("-{}m{:02}s", s / 60, s % 60),
        _ if s.is_multiple_of(3600) => format!("-{}h", s / 3600),
        _ => format!("-{}h{:02}m", s / 3600, s % 3600 / 60),
    }
}
