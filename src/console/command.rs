//! The table of commands: one line each, and everything that knows of commands reads it – keys, hint bar, help.
//!
//! A command that is not possible now stays visible and says why; [`why_not`](super::why_not::why_not) is the only place that decides it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table below documents each, once")]
pub enum Id {
    Page,
    NextPage,
    PreviousPage,
    Down,
    Up,
    PageDown,
    PageUp,
    First,
    Last,
    NextTable,
    PreviousTable,
    FactsDown,
    FactsUp,
    Open,
    Back,
    Filter,
    Sort,
    Reverse,
    Wide,
    ScrollLeft,
    ScrollRight,
    Freeze,
    Faster,
    Slower,
    TimeFaster,
    TimeSlower,
    TimeStops,
    Theme,
    Mask,
    Help,
    NextStep,
    Preview,
    Arm,
    Execute,
    CallOff,
    RollBack,
    Again,
    Hold,
    Release,
    Abandon,
    Attest,
    Adopt,
    Waive,
    Settle,
    Second,
    LeaveOut,
    Remark,
    Redraw,
    Suspend,
    Quit,
}

/// One command.
#[derive(Debug)]
pub struct Command {
    /// Which.
    pub id: Id,
    /// Its name: for plan files and help.
    pub name: &'static str,
    /// In the hint bar.
    pub title: &'static str,
    /// One sentence for help.
    pub doc: &'static str,
    /// Keys, the one that is shown first.
    pub keys: &'static [Key],
    /// Place in the hint bar, 0 = first; none = in help only.
    pub hint: Option<u8>,
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character, with shift already applied.
    Char(char),
    /// With Ctrl.
    Ctrl(char),
    /// Any other.
    Code(KeyCode),
    /// Any digit but 0.
    Digit,
}

impl Key {
    /// Whether this is the key that was pressed.
    #[must_use]
    pub fn is(self, event: &KeyEvent) -> bool {
        let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match self {
            Self::Char(c) => plain && event.code == KeyCode::Char(c),
            Self::Ctrl(c) => event.modifiers.contains(KeyModifiers::CONTROL) && event.code == KeyCode::Char(c),
            Self::Code(code) => plain && event.code == code,
            Self::Digit => plain && matches!(event.code, KeyCode::Char('1'..='9')),
        }
    }

    /// As it is written on screen.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Char(' ') => "space".into(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::Digit => "1…9".into(),
            Self::Code(code) => match code {
                KeyCode::BackTab => "Shift-Tab".into(),
                KeyCode::PageDown => "PgDn".into(),
                KeyCode::PageUp => "PgUp".into(),
                KeyCode::Left => "←".into(),
                KeyCode::Right => "→".into(),
                KeyCode::Up => "↑".into(),
                KeyCode::Down => "↓".into(),
                other => format!("{other:?}"),
            },
        }
    }
}

use Key::{Char, Code, Ctrl, Digit};

const fn command(
    id: Id,
    name: &'static str,
    title: &'static str,
    doc: &'static str,
    keys: &'static [Key],
    hint: Option<u8>,
) -> Command {
    Command { id, name, title, doc, keys, hint }
}

/// All of them, in the order of help.
pub const COMMANDS: &[Command] = &[
    command(Id::Page, "page", "page", "Go to the page with this number.", &[Digit], Some(0)),
    command(Id::NextPage, "next-page", "next", "Go to the next page.", &[Code(KeyCode::Tab)], None),
    command(Id::PreviousPage, "previous-page", "previous", "Go to the page before.", &[Code(KeyCode::BackTab)], None),
    command(Id::Down, "down", "down", "Select the next row or tile.", &[Char('j'), Code(KeyCode::Down)], None),
    command(Id::Up, "up", "up", "Select the row or tile before.", &[Char('k'), Code(KeyCode::Up)], None),
    command(Id::PageDown, "page-down", "page down", "A screenful down.", &[Code(KeyCode::PageDown), Ctrl('f')], None),
    command(Id::PageUp, "page-up", "page up", "A screenful up.", &[Code(KeyCode::PageUp), Ctrl('b')], None),
    command(Id::First, "first", "first", "Select the first row.", &[Char('g'), Code(KeyCode::Home)], None),
    command(Id::Last, "last", "last", "Select the last row.", &[Char('G'), Code(KeyCode::End)], None),
    command(
        Id::NextTable,
        "next-table",
        "table",
        "Go to the next table of the page, or the tile to the right.",
        &[Code(KeyCode::Right)],
        Some(5),
    ),
    command(
        Id::PreviousTable,
        "previous-table",
        "previous table",
        "Go to the table before, or the tile to the left.",
        &[Code(KeyCode::Left)],
        None,
    ),
    command(Id::FactsDown, "facts-down", "facts down", "Detail: the next lines of its facts.", &[Char('J')], None),
    command(Id::FactsUp, "facts-up", "facts up", "Detail: the lines of its facts before.", &[Char('K')], None),
    command(Id::Open, "open", "open", "Open what is behind the row or tile.", &[Code(KeyCode::Enter)], Some(1)),
    command(
        Id::Back,
        "back",
        "back",
        "Close the detail, drop the filter, go to the overview.",
        &[Code(KeyCode::Esc)],
        Some(7),
    ),
    command(
        Id::Filter,
        "filter",
        "filter",
        "Show only rows that match: text, col:text, col:>100, !not, /regex/.",
        &[Char('/')],
        Some(2),
    ),
    command(
        Id::Sort,
        "sort",
        "sort",
        "Sort by the next column; after the last, the table's own order.",
        &[Char('s')],
        Some(3),
    ),
    command(Id::Reverse, "reverse", "reverse", "Turn the order round.", &[Char('S')], None),
    command(Id::Wide, "wide", "wide", "Show all columns in full; < and > move sideways.", &[Char('w')], Some(6)),
    command(Id::ScrollLeft, "scroll-left", "left", "Wide columns: move left.", &[Char('<')], None),
    command(Id::ScrollRight, "scroll-right", "right", "Wide columns: move right.", &[Char('>')], None),
    command(
        Id::Freeze,
        "freeze",
        "freeze",
        "Hold the picture still; sources are asked on, and the picture's age is shown.",
        &[Char(' ')],
        Some(4),
    ),
    command(Id::Faster, "faster", "faster", "Ask all sources twice as often.", &[Char('+')], None),
    command(Id::Slower, "slower", "slower", "Ask all sources half as often.", &[Char('-')], None),
    command(Id::TimeFaster, "time-faster", "time ×2", "Demo: let simulated time go twice as fast.", &[Char(']')], None),
    command(Id::TimeSlower, "time-slower", "time ×½", "Demo: let simulated time go half as fast.", &[Char('[')], None),
    command(
        Id::TimeStops,
        "time-stops",
        "time stops",
        "Demo: let simulated time stand still, or go on.",
        &[Char('.')],
        None,
    ),
    command(Id::Mask, "mask", "mask", "Mask names of hosts, accounts and resources, or show them.", &[Char('m')], None),
    command(Id::Theme, "theme", "theme", "The next theme.", &[Char('t')], None),
    command(Id::Help, "help", "help", "All commands and signs; type to search.", &[Char('?')], Some(8)),
    command(
        Id::NextStep,
        "next-step",
        "next step",
        "Go to the step of the runbook that is next.",
        &[Char('n')],
        Some(10),
    ),
    command(Id::Preview, "preview", "preview", "Runbook: what the step would do, exactly.", &[Char('p')], Some(11)),
    command(Id::Arm, "arm", "arm", "Runbook: arm what was previewed.", &[Char('a')], Some(12)),
    command(
        Id::Execute,
        "execute",
        "execute",
        "Runbook: do what is armed, after a confirmation.",
        &[Char('x')],
        Some(13),
    ),
    command(Id::RollBack, "roll-back", "roll back", "Runbook: preview the step's way back.", &[Char('b')], Some(14)),
    command(Id::Hold, "hold", "hold", "Begin nothing new, anywhere; safe tails are finished.", &[Char('h')], Some(15)),
    command(Id::Release, "release", "release", "Lift the hold.", &[Char('H')], None),
    command(Id::CallOff, "call-off", "call off", "Runbook: call off what was previewed or armed.", &[Char('z')], None),
    command(Id::Again, "again", "again", "Runbook: another attempt at a step that is over.", &[Char('r')], None),
    command(
        Id::Abandon,
        "abandon",
        "give up",
        "Runbook: give up an attempt that stands still; its safe tail is finished.",
        &[Char('u')],
        None,
    ),
    command(Id::Attest, "attest", "attest", "Runbook: say that a manual step is done.", &[Char('y')], None),
    command(Id::Adopt, "adopt", "take over", "Runbook: take over what somebody else did.", &[Char('i')], None),
    command(Id::Waive, "waive", "waive", "Runbook: propose to leave a gate out of one attempt.", &[Char('v')], None),
    command(Id::LeaveOut, "leave-out", "leave out", "Runbook: propose to leave a step out.", &[Char('o')], None),
    command(
        Id::Settle,
        "settle",
        "settle",
        "Runbook: propose what has become of an operation that is UNKNOWN.",
        &[Char('e')],
        None,
    ),
    command(Id::Second, "second", "agree", "Runbook: a second person agrees to what is proposed.", &[Char('A')], None),
    command(Id::Remark, "remark", "remark", "Put words on record.", &[Char('c')], None),
    command(Id::Redraw, "redraw", "redraw", "Draw the whole screen anew.", &[Ctrl('l')], None),
    command(
        Id::Suspend,
        "suspend",
        "suspend",
        "Stop the program and give the shell back; fg resumes.",
        &[Ctrl('z')],
        None,
    ),
    command(Id::Quit, "quit", "quit", "Leave.", &[Char('q'), Ctrl('c')], Some(9)),
];

/// The command behind a key.
#[must_use]
pub fn of_key(event: &KeyEvent) -> Option<&'static Command> {
    COMMANDS.iter().find(|c| c.keys.iter().any(|k| k.is(event)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_and_no_name_is_used_twice() {
        let keys: Vec<Key> = COMMANDS.iter().flat_map(|c| c.keys).copied().collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{key:?} is used twice");
        }
        let mut names: Vec<&str> = COMMANDS.iter().map(|c| c.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COMMANDS.len());
    }

    #[test]
    fn modifiers_count() {
        let ctrl_f = KeyEvent::new(KeyCode::Char('f'), KeyModifiers::CONTROL);
        assert_eq!(of_key(&ctrl_f).map(|c| c.id), Some(Id::PageDown));
        assert!(of_key(&KeyEvent::new(KeyCode::Char('f'), KeyModifiers::NONE)).is_none());
        assert!(of_key(&KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT)).is_none());
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(of_key(&shifted).map(|c| c.id), Some(Id::Last));
    }
}
