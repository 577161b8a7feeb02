//! How a canary's measurements are shown.

use std::{borrow::Cow, time::Duration};

use super::{super::set::Set, CanaryReading, Concern};
use base::{
    now::{Now, short},
    observed::Observed,
    view::{Cell, Tone},
};

/// The measurement of the write concern with the longest downtime; none where nothing is measured: no canary, or no session in control.
pub(in crate::mongo) fn gap_cell(set: &Set, now: Now) -> Cell {
    if set.canaries.is_empty() {
        return Cell::none();
    }
    Cell::seen(Observed::all(set.canaries.values().map(|sample| sample.at(now))), |all| {
        let down = all.iter().map(|f| f.downtime(now.boot)).max().unwrap_or_default();
        let tone = if all.iter().any(|f| f.since.is_some()) { Tone::Bad } else { Tone::Plain };
        Cell::number(down.as_secs_f64(), exact(down)).tone(tone)
    })
}

/// The current measurement and the totals, in two lines per write concern.
pub(in crate::mongo) fn gap_fields(set: &Set, now: Now) -> Vec<(Cow<'static, str>, Cell)> {
    if set.planned().canary.is_some() && set.canaries.is_empty() {
        return vec![("canary".into(), Cell::text("runs only in the controlling console").tone(Tone::Muted))];
    }
    let lines = |(concern, sample): (&Concern, Observed<&CanaryReading>)| {
        [
            (format!("canary w:{}", concern.word()).into(), Cell::seen(sample.clone(), |f| state(f, now))),
            (format!("canary w:{} outages", concern.word()).into(), Cell::seen(sample, |f| outages(f, now))),
        ]
    };
    set.canaries.iter().map(|(concern, sample)| (concern, sample.at(now))).flat_map(lines).collect()
}

fn state(sample: &CanaryReading, now: Now) -> Cell {
    match (sample.since, sample.acknowledged) {
        (Some(_), _) => {
            let why = sample.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            Cell::text(format!("NO WRITE for {}{why}", exact(sample.gap(now.boot)))).tone(Tone::Bad)
        }
        (None, Some((_, took))) => {
            Cell::text(format!("writes are acknowledged, the last in {}", exact(took))).tone(Tone::Good)
        }
        (None, None) => Cell::none(),
    }
}

fn outages(sample: &CanaryReading, now: Now) -> Cell {
    let mut text = format!("{}, {} in total", sample.outages, exact(sample.downtime(now.boot)));
    if let Some((at, lasted)) = sample.last {
        text.push_str(&format!("; the last {}, {} ago", exact(lasted), short(now.boot.saturating_sub(at))));
    }
    text.push_str(&format!("; longest recent gap {}", exact(sample.longest(now.boot))));
    if !sample.unseen.is_zero() {
        text.push_str(&format!("; {} not measured", short(sample.unseen)));
    }
    Cell::number(sample.downtime(now.boot).as_secs_f64(), text)
}

/// In milliseconds, below ten seconds.
fn exact(d: Duration) -> String {
    if d < Duration::from_secs(10) { format!("{}ms", d.as_millis()) } else { short(d) }
}
