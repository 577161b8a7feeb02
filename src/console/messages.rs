//! What the console has reported: refusals and results of commands, notices of the engine, changes of the verdict, collectors and a journal
//! that begin to fail or recover. The last line shows a message until the next key; the log keeps it, with its time.

mod faults;

use std::collections::VecDeque;

use jiff::Timestamp;

use self::faults::Faults;
use base::view::Tone;
use engine::snapshot::{Snapshot, Verdict};

/// How many messages are kept.
const KEPT: usize = 1000;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A command: refused, or what came of it.
    Command,
    /// An order that the engine has answered.
    Order,
    /// The verdict has changed.
    Verdict,
    /// Something begins to fail.
    Fault,
    /// It no longer fails.
    Recovery,
}

impl About {
    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Order => "order",
            Self::Verdict => "verdict",
            Self::Fault => "fault",
            Self::Recovery => "recovered",
        }
    }
}

/// The glyph of a message. One that is plain information has no warning's.
#[must_use]
pub const fn glyph(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain | Tone::Muted => "·",
        other => other.glyph(false),
    }
}

/// A message of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it was reported, by the clock of the run.
    pub at: Timestamp,
    /// What it is about.
    pub about: About,
    /// Its meaning.
    pub tone: Tone,
    /// The text; commands and instants as in [`super::spans`].
    pub text: String,
    /// Whether names were masked when it was reported.
    pub masked: bool,
}

/// The message that is shown, and the log.
#[derive(Debug, Default)]
pub struct Messages {
    shown: Option<(Tone, String)>,
    log: VecDeque<Message>,
    /// With real names and with masked ones: the ids of the collectors differ.
    faults: [Faults; 2],
    /// Whether the last snapshot was masked.
    masked: Option<bool>,
    /// The verdict and the notice of the last snapshot.
    last: (Option<&'static str>, Option<String>),
}

impl Messages {
    /// The message in the last line.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.shown.as_ref().map(|(_, text)| text.as_str())
    }

    /// The meaning of the message in the last line.
    #[must_use]
    pub fn tone(&self) -> Option<Tone> {
        self.shown.as_ref().map(|(tone, _)| *tone)
    }

    /// Removes it from the last line.
    pub fn hide(&mut self) {
        self.shown = None;
    }

    /// Reports what came of a command.
    pub fn report(&mut self, at: Timestamp, masked: bool, tone: Tone, text: String) {
        self.keep(Message { at, about: About::Command, tone, text: text.clone(), masked });
        self.shown = Some((tone, text));
    }

    /// Takes what a newer snapshot reports: another verdict, another notice of the engine, what begins to fail and what recovers.
    pub fn follow(&mut self, snapshot: &Snapshot, masked: bool) {
        let at = snapshot.now.wall;
        let verdict = snapshot.verdict();
        let (word, why) = verdict.describe();
        let notice = snapshot.run.as_ref().and_then(|run| run.notice.clone());
        let was = std::mem::replace(&mut self.last, (Some(word), notice.clone()));
        // With the mask on or off what fails has other names, and is no news.
        let switched = self.masked.replace(masked).is_some_and(|was| was != masked);
        let changes = self.faults[usize::from(masked)].changes(snapshot);
        for (about, text) in changes.into_iter().filter(|_| !switched) {
            let tone = if about == About::Fault { Tone::Bad } else { Tone::Good };
            self.keep(Message { at, about, tone, text, masked });
        }
        if let Some(text) = notice.filter(|text| was.1.as_ref() != Some(text)) {
            self.keep(Message { at, about: About::Order, tone: Tone::Warn, text, masked });
        }
        if was.0 != Some(word) {
            let text = format!("{word}: {why}");
            self.keep(Message { at, about: About::Verdict, tone: tone(&verdict), text, masked });
        }
    }

    /// The messages that may be shown, the latest first. With masked names those are left out that were reported without a mask.
    pub fn latest(&self, masked: bool) -> impl Iterator<Item = &Message> {
        self.log.iter().rev().filter(move |message| message.masked || !masked)
    }

    fn keep(&mut self, message: Message) {
        // A key that is held down is refused once.
        if self.log.back().is_some_and(|last| last.about == message.about && last.text == message.text) {
            self.log.pop_back();
        }
        self.log.push_back(message);
        if self.log.len() > KEPT {
            self.log.pop_front();
        }
    }
}

/// The meaning of a verdict.
const fn tone(verdict: &Verdict) -> Tone {
    match verdict {
        Verdict::Go(_) | Verdict::Clear(_) => Tone::Good,
        Verdict::Running(_) | Verdict::RollingBack(_) => Tone::Busy,
        Verdict::Hold(_) => Tone::Warn,
        Verdict::RollBack(_) | Verdict::Overspent(_) | Verdict::Outage(_) => Tone::Bad,
    }
}

#[cfg(test)]
mod tests;
