//! Which key runs which command: the defaults of the command table, changed by the configuration.

use std::{borrow::Cow, collections::HashMap};

use super::{
    command::{COMMANDS, Command, Id, Risk},
    key::Key,
    spans::{Span, spelled},
};

/// Keys and commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    keys: HashMap<Id, Vec<Key>>,
    commands: HashMap<Key, (Id, usize)>,
}

/// Why a key binding is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The command whose keys were to be changed.
    pub command: &'static str,
    /// The reason, and what to do.
    pub why: (String, String),
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = COMMANDS.iter().map(|c| (c.id, c.keys.to_vec())).collect();
        Self::of(keys)
    }
}

impl Keymap {
    fn of(keys: HashMap<Id, Vec<Key>>) -> Self {
        let each = |(id, keys): (&Id, &Vec<Key>)| {
            let id = *id;
            keys.iter().enumerate().map(move |(nth, key)| (*key, (id, nth))).collect::<Vec<_>>()
        };
        Self { commands: keys.iter().flat_map(each).collect(), keys }
    }

    /// The defaults, with these keys for these commands. No command takes a key from another.
    ///
    /// # Errors
    /// All clashes: a key with two meanings, a command that is no longer reachable, a chord for a command that changes
    /// a server.
    pub fn with(wanted: &[(Id, Vec<Key>)]) -> Result<Self, Vec<Clash>> {
        let mut keys: HashMap<Id, Vec<Key>> = COMMANDS.iter().map(|c| (c.id, c.keys.to_vec())).collect();
        keys.extend(wanted.iter().cloned());
        let mut clashes = Vec::new();
        for (id, own) in wanted {
            let command = Command::of(*id);
            let mut clash = |why: String, hint: String| clashes.push(Clash { command: command.name, why: (why, hint) });
            if own.is_empty() && matches!(id, Id::Quit | Id::Palette) {
                clash(
                    format!("`{}` must have a key", command.name),
                    "without it the other commands cannot be reached".into(),
                );
            }
            for (nth, key) in own.iter().enumerate() {
                if matches!(key, Key::Ctrl(_)) && command.risk == Risk::Changes {
                    let why = format!("{key} for `{}`, which changes servers", command.name);
                    clash(why, "a chord is pressed by mistake too easily: give it a character".into());
                }
                if own[..nth].contains(key) {
                    clash(format!("{key} is given twice for `{}`", command.name), "give it once".into());
                }
                for other in COMMANDS.iter().filter(|c| c.id != *id && keys.get(&c.id).is_some_and(|k| k.contains(key)))
                {
                    // If both commands were changed, the clash is reported once.
                    let later = wanted
                        .iter()
                        .position(|(o, _)| *o == other.id)
                        .is_some_and(|o| wanted[o + 1..].iter().any(|(w, _)| w == id));
                    if later || !wanted.iter().any(|(o, _)| *o == other.id) {
                        let why = format!("{key} is `{}` and `{}`", other.name, command.name);
                        clash(
                            why,
                            format!("give `{0}` another key as well ({0} = \"…\"), or none ({0} = [])", other.name),
                        );
                    }
                }
            }
        }
        if clashes.is_empty() { Ok(Self::of(keys)) } else { Err(clashes) }
    }

    /// The command of a key, and the position of the key among the command's keys.
    #[must_use]
    pub fn command(&self, key: Key) -> Option<(&'static Command, usize)> {
        self.commands.get(&key).map(|(id, nth)| (Command::of(*id), *nth))
    }

    /// A command's keys; the first is the one that is shown.
    #[must_use]
    pub fn keys(&self, id: Id) -> &[Key] {
        self.keys.get(&id).map_or(&[], Vec::as_slice)
    }

    /// All its keys as shown: `j ↓`, `1…9`.
    #[must_use]
    pub fn words(&self, id: Id) -> String {
        match (id, self.keys(id)) {
            (Id::Page, [first, .., last]) => format!("{first}…{last}"),
            (_, keys) => keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" "),
        }
    }

    /// How the operator runs a command: its key, or its name in the palette if it has no key.
    #[must_use]
    pub fn word(&self, id: Id) -> String {
        match (id, self.keys(id).first()) {
            (Id::Page, Some(_)) => self.words(id),
            (_, Some(key)) => key.to_string(),
            (_, None) => format!(":{}", Command::of(id).name),
        }
    }

    /// The text with the keys of the commands that it names.
    #[must_use]
    pub fn spell<'t>(&self, text: &'t str) -> Cow<'t, str> {
        spelled(text, |span| match span {
            Span::Command(id) => Some(self.word(id)),
            Span::Words | Span::Instant(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_by_default_and_none_that_changes_servers_is_a_chord() {
        let keys: usize = COMMANDS.iter().map(|c| c.keys.len()).sum();
        assert_eq!(Keymap::default().commands.len(), keys, "a key is used twice");
        let chords = |c: &&Command| c.risk == Risk::Changes && c.keys.iter().any(|k| matches!(k, Key::Ctrl(_)));
        assert_eq!(COMMANDS.iter().filter(chords).count(), 0);
    }

    #[test]
    fn a_command_gets_other_keys_and_gives_up_its_own() {
        let map = Keymap::with(&[(Id::Theme, vec![Key::Char('T')]), (Id::Redraw, vec![])]).unwrap();
        assert_eq!(map.command(Key::Char('T')).unwrap().0.id, Id::Theme);
        assert!(map.command(Key::Char('t')).is_none() && map.command(Key::Ctrl('l')).is_none());
        assert_eq!((map.word(Id::Theme), map.word(Id::Redraw)), ("T".to_owned(), ":redraw".to_owned()));
        assert_eq!(map.command(Key::Char('3')).map(|(c, nth)| (c.id, nth)), Some((Id::Page, 2)));
        assert_eq!(map.words(Id::Page), "1…9");
    }

    #[test]
    fn clashes_are_told_all_of_them_and_each_once() {
        let wanted = [
            (Id::Theme, vec![Key::Char('j')]),
            (Id::Freeze, vec![Key::Char('0')]),
            (Id::Help, vec![Key::Char('0')]),
            (Id::Execute, vec![Key::Ctrl('x')]),
            (Id::Quit, vec![]),
            (Id::Sort, vec![Key::Char('y'), Key::Char('y')]),
        ];
        let clashes: Vec<String> = Keymap::with(&wanted).unwrap_err().into_iter().map(|c| c.why.0).collect();
        let expected = [
            "j is `down` and `theme`",
            "0 is `freeze` and `help`",
            "^X for `execute`, which changes servers",
            "`quit` must have a key",
            "y is `attest` and `sort`",
            "y is given twice for `sort`",
            "y is `attest` and `sort`",
        ];
        assert_eq!(clashes, expected);
        // Two commands that swap their keys do not clash.
        assert!(Keymap::with(&[(Id::Sort, vec![Key::Char('t')]), (Id::Theme, vec![Key::Char('s')])]).is_ok());
    }
}
