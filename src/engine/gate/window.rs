//! Several looks in a row at which a gate was true, and what breaks such a row. Bounded: of each series of the last look one moment and
//! one count are kept, however long the window is.

use std::{fmt, sync::Arc, time::Duration};

use super::look::Evaluation;
use base::now::Age;

/// A row of true looks without a break.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// The first look, in boot time.
    since: Duration,
    /// The last.
    last: Duration,
    /// Of each series of the last look, sorted by labels: its latest reading, in boot time, and how many there were.
    series: Vec<(Arc<[String]>, Duration, u32)>,
}

/// Why a row ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Break {
    /// It was false.
    False,
    /// It was not known.
    Unknown,
    /// Nobody looked for this long.
    Unwatched(Duration),
    /// Two readings of one series were this far apart.
    Gap(Duration),
    /// A series was not there before.
    Appeared(String),
    /// The clocks disagree by this much.
    Jump(Duration),
}

impl Window {
    /// A row of one look.
    pub(super) fn begin(look: &Evaluation) -> Self {
        let series = look.series.iter().map(|(labels, read)| (labels.clone(), *read, 1)).collect();
        Self { since: look.now.boot, last: look.now.boot, series }
    }

    /// One more true look. `apart`: how far looks and readings may be from each other.
    ///
    /// # Errors
    /// What breaks the row; the window must not be used any more then.
    pub(super) fn extend(&mut self, look: &Evaluation, apart: Duration) -> Result<(), Break> {
        let unwatched = look.now.boot.saturating_sub(self.last);
        if unwatched > apart {
            return Err(Break::Unwatched(unwatched));
        }
        let mut series = Vec::with_capacity(look.series.len());
        for (labels, read) in &look.series {
            let Ok(place) = self.series.binary_search_by(|known| known.0.cmp(labels)) else {
                return Err(Break::Appeared(labels.join(", ")));
            };
            let (_, latest, count) = self.series[place];
            let gap = read.saturating_sub(latest);
            if gap > apart {
                return Err(Break::Gap(gap));
            }
            let count = if gap > Duration::ZERO { count.saturating_add(1) } else { count };
            series.push((labels.clone(), latest.max(*read), count));
        }
        self.series = series;
        self.last = look.now.boot;
        Ok(())
    }

    /// From the first look to the last: what came after the last was not seen.
    pub(super) const fn length(&self) -> Duration {
        self.last.saturating_sub(self.since)
    }

    /// The first look, in boot time.
    pub(super) const fn since(&self) -> Duration {
        self.since
    }

    /// Different readings of the series that has the fewest.
    pub(super) fn samples(&self) -> u32 {
        self.series.iter().map(|s| s.2).min().unwrap_or(0)
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::False => f.write_str("it was red"),
            Self::Unknown => f.write_str("it was unknown"),
            Self::Unwatched(gap) => write!(f, "not evaluated for {}", Age(*gap)),
            Self::Gap(gap) => write!(f, "a gap of {} between readings", Age(*gap)),
            Self::Appeared(labels) => write!(f, "a series appeared: {labels}"),
            Self::Jump(by) => write!(f, "the clock jumped by {}", Age(*by)),
        }
    }
}
