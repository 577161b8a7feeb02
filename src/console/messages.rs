//! What the console has reported: refusals and results of commands, notices of the engine, changes of the verdict. The last line shows a
//! message until the next key; the log keeps it, with its time.

use std::collections::VecDeque;

use jiff::Timestamp;

use engine::snapshot::Snapshot;

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
}

/// A message of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it was reported, by the clock of the run.
    pub at: Timestamp,
    /// What it is about.
    pub about: About,
    /// The text; commands and instants as in [`super::spans`].
    pub text: String,
    /// Whether names were masked when it was reported.
    pub masked: bool,
}

/// The message that is shown, and the log.
#[derive(Debug, Default)]
pub struct Messages {
    shown: Option<String>,
    log: VecDeque<Message>,
    /// The verdict and the notice of the last snapshot.
    last: (Option<&'static str>, Option<String>),
}

impl Messages {
    /// The message in the last line.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.shown.as_deref()
    }

    /// Removes it from the last line.
    pub fn hide(&mut self) {
        self.shown = None;
    }

    /// Reports what came of a command.
    pub fn report(&mut self, at: Timestamp, masked: bool, text: String) {
        self.keep(Message { at, about: About::Command, text: text.clone(), masked });
        self.shown = Some(text);
    }

    /// Takes what a newer snapshot reports: another verdict, another notice of the engine.
    pub fn follow(&mut self, snapshot: &Snapshot, masked: bool) {
        let at = snapshot.now.wall;
        let verdict = snapshot.verdict();
        let (word, why) = verdict.describe();
        let notice = snapshot.run.as_ref().and_then(|run| run.notice.clone());
        let was = std::mem::replace(&mut self.last, (Some(word), notice.clone()));
        if let Some(text) = notice.filter(|text| was.1.as_ref() != Some(text)) {
            self.keep(Message { at, about: About::Order, text, masked });
        }
        if was.0 != Some(word) {
            self.keep(Message { at, about: About::Verdict, text: format!("{word}: {why}"), masked });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(messages: &Messages, masked: bool) -> Vec<&str> {
        messages.latest(masked).map(|message| message.text.as_str()).collect()
    }

    #[test]
    fn a_message_disappears_from_the_last_line_and_stays_in_the_log() {
        let mut messages = Messages::default();
        messages.report(Timestamp::UNIX_EPOCH, false, "one".to_owned());
        messages.report(Timestamp::UNIX_EPOCH, false, "two".to_owned());
        messages.report(Timestamp::UNIX_EPOCH, false, "two".to_owned());
        assert_eq!(messages.shown(), Some("two"));
        messages.hide();
        assert_eq!(messages.shown(), None);
        assert_eq!(texts(&messages, false), ["two", "one"]);
    }

    #[test]
    fn a_name_that_was_reported_without_a_mask_is_not_shown_with_one() {
        let mut messages = Messages::default();
        messages.report(Timestamp::UNIX_EPOCH, false, "db1.example".to_owned());
        messages.report(Timestamp::UNIX_EPOCH, true, "host-1".to_owned());
        assert_eq!(texts(&messages, true), ["host-1"]);
        assert_eq!(texts(&messages, false), ["host-1", "db1.example"]);
    }

    #[test]
    fn the_log_has_an_end() {
        let mut messages = Messages::default();
        (0..KEPT + 5).for_each(|n| messages.report(Timestamp::UNIX_EPOCH, false, n.to_string()));
        assert_eq!(messages.latest(false).count(), KEPT);
    }
}
