//! The command table: one entry for each command. Keys, hint bar, help, palette, `landfall keys`, the README's table
//! and the man page are generated from it.
//!
//! A disabled command stays visible and says why; only [`why_not`](super::why_not::why_not) decides that. The
//! [`Keymap`](super::keymap::Keymap) has the operator's keys; this table has the default keys.

use ratatui::crossterm::event::KeyCode;

use super::key::Key::{self, Char, Code, Ctrl};

/// The commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the table below documents each, once")]
pub enum Id {
    Page,
    NextPage,
    PreviousPage,
    Open,
    Back,
    Palette,
    Repeat,
    Help,
    Messages,
    Freeze,
    Faster,
    Slower,
    Theme,
    Mask,
    Zone,
    Mouse,
    Redraw,
    Suspend,
    Quit,
    Down,
    Up,
    PageDown,
    PageUp,
    First,
    Last,
    NextTable,
    PreviousTable,
    Filter,
    Sort,
    Reverse,
    Copy,
    Export,
    Wide,
    Maximise,
    Columns,
    ScrollLeft,
    ScrollRight,
    FieldsDown,
    FieldsUp,
    NextStep,
    Hold,
    Release,
    Remark,
    Approve,
    Preview,
    Arm,
    Execute,
    RollBack,
    CallOff,
    Again,
    Abandon,
    MarkDone,
    Adopt,
    Waive,
    Skip,
    Resolve,
    TimeFaster,
    TimeSlower,
    TimeStops,
}

impl Id {
    /// Whether it opens a line or a confirmation into which words are typed.
    #[must_use]
    pub const fn asks_for_words(self) -> bool {
        matches!(
            self,
            Self::Execute
                | Self::Abandon
                | Self::Hold
                | Self::Release
                | Self::Remark
                | Self::Approve
                | Self::MarkDone
                | Self::Waive
                | Self::Skip
                | Self::Resolve
                | Self::Export
        )
    }
}

/// What a command applies to: decides where it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The console as a whole.
    Everywhere,
    /// A list, or the tiles.
    List,
    /// An open detail.
    Detail,
    /// The run as a whole.
    Run,
    /// The step that is selected or open.
    Step,
    /// Simulated time.
    Demo,
}

impl Scope {
    /// As a heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::List => "Lists",
            Self::Detail => "Detail",
            Self::Run => "The run",
            Self::Step => "The step",
            Self::Demo => "Demo: simulated time",
        }
    }
}

/// The effect that a command can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// It changes the display only.
    Looks,
    /// It is journaled and may change what the run does next; it changes no server.
    Records,
    /// It may change servers.
    Changes,
}

impl Risk {
    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Looks => "view",
            Self::Records => "journal",
            Self::Changes => "servers",
        }
    }
}

/// One command.
#[derive(Debug)]
pub struct Command {
    /// Its id.
    pub id: Id,
    /// Its name: in the palette, in the configuration, and in texts (`:name`).
    pub name: &'static str,
    /// In the hint bar.
    pub title: &'static str,
    /// One sentence for help.
    pub doc: &'static str,
    /// Where it is offered.
    pub scope: Scope,
    /// The effect it can have.
    pub risk: Risk,
    /// Default keys; the first is the one that is shown. For `page` each key is a page.
    pub keys: &'static [Key],
    /// Whether the hint bar shows it, if there is room.
    pub hint: bool,
}

type Words = (&'static str, &'static str, &'static str);

const fn of(scope: Scope, id: Id, (name, title, doc): Words, keys: &'static [Key]) -> Command {
    Command { id, name, title, doc, scope, risk: Risk::Looks, keys, hint: false }
}

impl Command {
    const fn hint(self) -> Self {
        Self { hint: true, ..self }
    }

    const fn risk(self, risk: Risk) -> Self {
        Self { risk, ..self }
    }

    /// The command with this id.
    #[must_use]
    pub fn of(id: Id) -> &'static Self {
        // A test checks that every id is in the table.
        COMMANDS.iter().find(|c| c.id == id).unwrap_or(&COMMANDS[0])
    }

    /// The command with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        COMMANDS.iter().find(|c| c.name == name)
    }
}

/// The nine pages that have a key.
const PAGES: &[Key] =
    &[Char('1'), Char('2'), Char('3'), Char('4'), Char('5'), Char('6'), Char('7'), Char('8'), Char('9')];

use Id::*;
use Risk::{Changes, Records};
use Scope::{Demo, Detail, Everywhere, List, Run, Step};

/// All commands in the order of help. The hint bar keeps this order within a scope.
pub const COMMANDS: &[Command] = &[
    of(Everywhere, Page, ("page", "page", "Go to the page with this number."), PAGES).hint(),
    of(Everywhere, NextPage, ("next-page", "next", "Go to the next page."), &[Key::TAB]),
    of(Everywhere, PreviousPage, ("previous-page", "previous", "Go to the previous page."), &[Code(KeyCode::BackTab)]),
    of(Everywhere, Open, ("open", "open", "Open the details of the row or tile."), &[Key::ENTER]).hint(),
    of(
        Everywhere,
        Palette,
        ("palette", "command", "Choose from all commands, pages, steps, themes and columns by name."),
        &[Char(':')],
    )
    .hint(),
    of(
        Everywhere,
        Repeat,
        ("repeat", "repeat", "Repeat what was chosen last in the palette; a command that asks first asks again."),
        &[Char(';')],
    ),
    of(Everywhere, Help, ("help", "help", "All commands and symbols; type to search."), &[Char('?')]).hint(),
    of(Everywhere, Messages, ("messages", "messages", "All messages of this console, with their times."), &[Char('l')]),
    of(
        Everywhere,
        Freeze,
        ("freeze", "freeze", "Freeze the screen; collectors keep polling, and the age of the screen is shown."),
        &[Char(' ')],
    )
    .hint(),
    of(
        Everywhere,
        Back,
        ("back", "back", "Drop the filter, restore a maximised table, close the detail, go to the overview."),
        &[Key::ESC],
    )
    .hint(),
    of(Everywhere, Theme, ("theme", "theme", "The next theme."), &[Char('t')]),
    of(Everywhere, Mask, ("mask", "mask", "Mask names of hosts, accounts and resources, or show them."), &[Char('m')]),
    of(Everywhere, Zone, ("zone", "zone", "Show times in UTC, or in the configured or local time zone."), &[Char('Z')]),
    of(Everywhere, Faster, ("faster", "faster", "Poll all collectors twice as often."), &[Char('+')]),
    of(Everywhere, Slower, ("slower", "slower", "Poll all collectors half as often."), &[Char('-')]),
    of(Everywhere, Mouse, ("mouse", "mouse", "Turn mouse support on or off."), &[Char('M')]),
    of(Everywhere, Redraw, ("redraw", "redraw", "Redraw the whole screen."), &[Ctrl('l')]),
    of(
        Everywhere,
        Suspend,
        ("suspend", "suspend", "Suspend the program and return to the shell; fg resumes."),
        &[Ctrl('z')],
    ),
    of(Everywhere, Quit, ("quit", "quit", "Quit; asks first while a step is running."), &[Char('q'), Ctrl('c')]).hint(),
    of(
        List,
        Filter,
        (
            "filter",
            "filter",
            "Show only rows that match, in all tables of the page: text, col:text, col:>100, !not, /regex/.",
        ),
        &[Char('/')],
    )
    .hint(),
    of(List, Sort, ("sort", "sort", "Sort by the next column; after the last, the table's own order."), &[Char('s')])
        .hint(),
    of(List, Reverse, ("reverse", "reverse", "Reverse the sort order."), &[Char('S')]),
    of(List, Copy, ("copy", "copy", "Copy the row, a value, a command or a preview to the clipboard."), &[Char('Y')]),
    of(List, Export, ("export", "export", "Export the table's rows as CSV, JSON or Markdown."), &[Char('E')]),
    of(
        List,
        Wide,
        ("wide", "wide", "Show all columns in full; :scroll-left and :scroll-right move sideways."),
        &[Char('w')],
    )
    .hint(),
    of(
        List,
        Maximise,
        ("maximise", "maximise", "Give the table all the room of the page; again, or :back, gives it back."),
        &[Char('F')],
    )
    .hint(),
    of(List, Columns, ("columns", "columns", "Hide columns of the table, or show them again."), &[Char('C')]),
    of(
        List,
        NextTable,
        ("next-table", "table", "Go to the next table of the page, or the tile to the right."),
        &[Code(KeyCode::Right)],
    )
    .hint(),
    of(
        List,
        PreviousTable,
        ("previous-table", "previous table", "Go to the previous table, or the tile to the left."),
        &[Code(KeyCode::Left)],
    ),
    of(List, Down, ("down", "down", "Select the next row or tile."), &[Char('j'), Code(KeyCode::Down)]),
    of(List, Up, ("up", "up", "Select the previous row or tile."), &[Char('k'), Code(KeyCode::Up)]),
    of(List, PageDown, ("page-down", "page down", "Scroll down one screen."), &[Key::PAGE_DOWN, Ctrl('f')]),
    of(List, PageUp, ("page-up", "page up", "Scroll up one screen."), &[Key::PAGE_UP, Ctrl('b')]),
    of(List, First, ("first", "first", "Select the first row."), &[Char('g'), Code(KeyCode::Home)]),
    of(List, Last, ("last", "last", "Select the last row."), &[Char('G'), Code(KeyCode::End)]),
    of(List, ScrollLeft, ("scroll-left", "left", "Wide columns: move left."), &[Char('<')]),
    of(List, ScrollRight, ("scroll-right", "right", "Wide columns: move right."), &[Char('>')]),
    of(Detail, FieldsDown, ("facts-down", "facts down", "Scroll down in the details."), &[Char('J')]).hint(),
    of(Detail, FieldsUp, ("facts-up", "facts up", "Scroll up in the details."), &[Char('K')]),
    of(Run, NextStep, ("next-step", "next step", "Go to the next step of the runbook."), &[Char('n')]).hint(),
    of(Run, Hold, ("hold", "hold", "Hold the run: no new operation starts, cleanups still finish."), &[Char('h')])
        .hint()
        .risk(Records),
    of(Run, Release, ("release", "release", "Release the hold; asks for the reason."), &[Char('H')])
        .hint()
        .risk(Changes),
    of(Run, Remark, ("remark", "note", "Add a note to the journal."), &[Char('c')]).hint().risk(Records),
    of(
        Run,
        Approve,
        ("second", "approve", "Approve a proposal, as a second person other than the proposer."),
        &[Char('A')],
    )
    .risk(Records),
    of(Step, Preview, ("preview", "preview", "Show exactly what the step will do."), &[Char('p')]).hint().risk(Records),
    of(Step, Arm, ("arm", "arm", "Arm the previewed step."), &[Char('a')]).hint().risk(Records),
    of(Step, Execute, ("execute", "execute", "Execute the armed step, after a confirmation."), &[Char('x')])
        .hint()
        .risk(Changes),
    of(Step, RollBack, ("roll-back", "roll back", "Preview the step's rollback."), &[Char('b')]).hint().risk(Records),
    of(Step, CallOff, ("call-off", "cancel", "Cancel the preview or disarm the step."), &[Char('z')])
        .hint()
        .risk(Records),
    of(Step, Again, ("again", "retry", "Retry a step that has ended."), &[Char('r')]).hint().risk(Records),
    of(
        Step,
        Abandon,
        ("abandon", "abort attempt", "Abort a running attempt; asks first, and its cleanup still finishes."),
        &[Char('u')],
    )
    .risk(Changes),
    of(Step, MarkDone, ("attest", "mark done", "Mark a manual step done."), &[Char('y')]).hint().risk(Records),
    of(Step, Adopt, ("adopt", "adopt", "Adopt a step already done outside landfall."), &[Char('i')]).risk(Records),
    of(Step, Waive, ("waive", "waive", "Propose to waive a gate for one attempt."), &[Char('v')]).risk(Records),
    of(Step, Skip, ("leave-out", "skip", "Propose to skip a step."), &[Char('o')]).risk(Records),
    of(Step, Resolve, ("settle", "resolve", "Propose how to resolve an UNKNOWN operation manually."), &[Char('e')])
        .risk(Records),
    of(Demo, TimeFaster, ("time-faster", "time ×2", "Double the speed of simulated time."), &[Char(']')]).hint(),
    of(Demo, TimeSlower, ("time-slower", "time ×½", "Halve the speed of simulated time."), &[Char('[')]).hint(),
    of(Demo, TimeStops, ("time-stops", "pause time", "Pause or resume simulated time."), &[Char('.')]).hint(),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_is_there_once_under_a_name_of_its_own() {
        let ids: BTreeSet<Id> = COMMANDS.iter().map(|c| c.id).collect();
        assert_eq!(ids.len(), COMMANDS.len());
        assert_eq!(TimeStops as usize + 1, COMMANDS.len(), "an id is not in the table");
        let names: BTreeSet<&str> = COMMANDS.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), COMMANDS.len());
        for c in COMMANDS {
            assert!(c.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", c.name);
            assert!(c.doc.ends_with('.'), "{}", c.name);
        }
        assert!(COMMANDS.is_sorted_by_key(|c| c.scope), "help has one heading for each scope");
    }
}
