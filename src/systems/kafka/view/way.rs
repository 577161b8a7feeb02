//! Which way a group's lag goes, and whether that is a warning: a lag that is short and steady is how a healthy group looks.

use std::time::Duration;

use crate::kafka::{cluster::GroupSeen, facts::GroupState, figures::Figures, times::LagTime};
use base::{
    history::{Drain, Trend},
    observed::Observed,
    view::{Cell, Tone},
};

/// A lag grows only from here on; below, it is records in flight.
const GROWS: Duration = Duration::from_secs(2);
/// A steady lag is a warning from here on. Colours only, never a decision.
const LONG: Duration = Duration::from_secs(60);

/// A lag grows if in a minute it becomes larger by more than a twentieth: records in flight follow what is written.
const NOTABLE: f64 = 0.05 / 60.0;

/// A lag that is drained within this time falls by as much.
const SOON: Duration = Duration::from_secs(20 * 60);

/// Which way a lag goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// There is none.
    Drained,
    /// It will be zero after this time.
    In(Duration),
    /// It neither grows nor becomes less.
    Steady,
    /// It grows.
    Grows,
    /// The group's consumers run on the other side: what is behind here is only the copying of its commits.
    Away,
    /// Not enough answers yet.
    Unknown,
}

impl Way {
    /// `away`: its consumers run on the other side.
    pub(super) fn of(group: &GroupSeen<'_>, figures: Figures, away: bool) -> Self {
        match (group.drain(figures), group.slope().trend()) {
            (Drain::Drained, _) => Self::Drained,
            _ if away => Self::Away,
            // Right after a turn the last readings are on no line yet: what falls fast is not steady.
            (Drain::In(d), trend) if d <= SOON || trend == Some(Trend::Falling) => Self::In(d),
            (_, None) => Self::Unknown,
            (_, Some(Trend::Rising))
                if figures.time.least() >= GROWS
                    && group.slope().per_second().is_some_and(|s| s > figures.curve() * NOTABLE) =>
            {
                Self::Grows
            }
            (_, Some(_)) => Self::Steady,
        }
    }

    pub(super) const fn tone(self, lag: LagTime) -> Tone {
        let lag = lag.least().as_secs();
        match self {
            Self::Drained => Tone::Good,
            Self::In(_) => Tone::Busy,
            Self::Grows => Tone::Warn,
            Self::Steady if lag >= LONG.as_secs() => Tone::Warn,
            Self::Steady => Tone::Good,
            Self::Away | Self::Unknown => Tone::Plain,
        }
    }

    /// In a sentence.
    pub(super) fn words(self) -> String {
        match self {
            Self::Drained => "drained".to_owned(),
            Self::In(d) => format!("drains in {}", base::now::estimate(d)),
            Self::Steady => "steady".to_owned(),
            Self::Grows => "grows".to_owned(),
            Self::Away => "not consumed here".to_owned(),
            Self::Unknown => "rate not known yet".to_owned(),
        }
    }

    /// In the column of the time until it is drained.
    pub(super) fn cell(self, lag: LagTime) -> Cell {
        let cell = match self {
            Self::In(d) => Cell::number(d.as_secs_f64(), base::now::estimate(d)),
            Self::Away | Self::Unknown => Cell::none(),
            Self::Drained | Self::Steady | Self::Grows => Cell::text(self.words()),
        };
        let tone = if matches!(self, Self::Away | Self::Unknown) { cell.tone } else { self.tone(lag) };
        cell.tone(tone)
    }
}

/// Whether a group has no consumers here, and has some on the other side.
pub(super) fn runs_elsewhere(here: &Observed<GroupSeen<'_>>, there: &Observed<GroupSeen<'_>>) -> bool {
    let state = |seen: &Observed<GroupSeen<'_>>| seen.as_ref().shown().map(|g| g.facts.state);
    state(here) == Some(GroupState::Empty) && matches!(state(there), Some(GroupState::Stable | GroupState::Rebalancing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_steady_lag_is_no_warning_and_one_that_grows_or_is_long_is() {
        let lag = |s| LagTime::Exactly(Duration::from_secs(s));
        for (way, seconds, tone) in [
            (Way::Drained, 0, Tone::Good),
            (Way::In(Duration::from_secs(600)), 240, Tone::Busy),
            (Way::Steady, 0, Tone::Good),
            (Way::Steady, 20, Tone::Good),
            (Way::Steady, 60, Tone::Warn),
            (Way::Grows, 2, Tone::Warn),
            // Only the copying of its commits: how old they are is judged where it is consumed.
            (Way::Away, 60, Tone::Plain),
            (Way::Unknown, 60, Tone::Plain),
        ] {
            assert_eq!(way.tone(lag(seconds)), tone, "{way:?} {seconds}");
        }
        assert_eq!(Way::Steady.tone(LagTime::AtLeast(Duration::from_secs(94))), Tone::Warn, "at least that old");
    }
}
