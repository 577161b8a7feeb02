//! Keys: their spelling on screen, in the configuration and in scripts, and their conversion from terminal events.

use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character, with shift already applied.
    Char(char),
    /// With Ctrl.
    Ctrl(char),
    /// With Alt.
    Alt(char),
    /// Any other.
    Code(KeyCode),
}

/// Keys that are not characters: the word on screen, and other accepted words.
const NAMED: [(Key, &str, &[&str]); 18] = [
    (Key::Char(' '), "space", &[]),
    (Key::ENTER, "Enter", &["return"]),
    (Key::ESC, "Esc", &["escape"]),
    (Key::TAB, "Tab", &[]),
    (Key::Code(KeyCode::BackTab), "Shift-Tab", &["backtab"]),
    (Key::BACKSPACE, "Backspace", &[]),
    (Key::Code(KeyCode::Delete), "Delete", &["del"]),
    (Key::Code(KeyCode::Insert), "Insert", &["ins"]),
    (Key::Code(KeyCode::Home), "Home", &[]),
    (Key::Code(KeyCode::End), "End", &[]),
    (Key::PAGE_UP, "PgUp", &["pageup", "page-up"]),
    (Key::PAGE_DOWN, "PgDn", &["pagedown", "page-down"]),
    (Key::Code(KeyCode::Up), "↑", &["up"]),
    (Key::Code(KeyCode::Down), "↓", &["down"]),
    (Key::Code(KeyCode::Left), "←", &["left"]),
    (Key::Code(KeyCode::Right), "→", &["right"]),
    // Characters that are hard to write in TOML and in shells.
    (Key::Char('"'), "\"", &["quote"]),
    (Key::Char('\''), "'", &["apostrophe"]),
];

impl Key {
    /// Enter.
    pub const ENTER: Self = Self::Code(KeyCode::Enter);
    /// Escape.
    pub const ESC: Self = Self::Code(KeyCode::Esc);
    /// Tab.
    pub const TAB: Self = Self::Code(KeyCode::Tab);
    /// Backspace.
    pub const BACKSPACE: Self = Self::Code(KeyCode::Backspace);
    /// Page up.
    pub const PAGE_UP: Self = Self::Code(KeyCode::PageUp);
    /// Page down.
    pub const PAGE_DOWN: Self = Self::Code(KeyCode::PageDown);

    /// Examples of how other keys than characters are written.
    pub const NAMES: &str = "\"space\", \"Enter\", \"Esc\", \"Tab\", \"PgDn\", \"left\", \"F5\", \"ctrl-f\", \"alt-x\"";

    /// The key that was pressed; `None` for chords that terminals report differently (Ctrl-↑). A character already
    /// includes Shift; with other keys Shift is ignored.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Option<Self> {
        let (ctrl, alt) =
            (event.modifiers.contains(KeyModifiers::CONTROL), event.modifiers.contains(KeyModifiers::ALT));
        match (event.code, ctrl, alt) {
            (KeyCode::Char(c), true, false) => Some(Self::Ctrl(c.to_ascii_lowercase())),
            (KeyCode::Char(c), false, true) => Some(Self::Alt(c)),
            (KeyCode::Char(c), false, false) => Some(Self::Char(c)),
            (code, false, false) => Some(Self::Code(code)),
            _ => None,
        }
    }

    /// The event of pressing this key.
    #[must_use]
    pub fn event(self) -> KeyEvent {
        match self {
            Self::Char(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
            Self::Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
            Self::Alt(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT),
            Self::Code(code) => KeyEvent::new(code, KeyModifiers::NONE),
        }
    }

    /// Parses one key: `j`, `space`, `PgDn`, `^f` or `ctrl-f`, `alt-x`, `F5`.
    ///
    /// # Errors
    /// A message, if the word is not a key.
    pub fn parse(word: &str) -> Result<Self, String> {
        let mut chars = word.chars();
        if let (Some(c), None) = (chars.next(), chars.next())
            && !c.is_control()
            && !c.is_whitespace()
            && !NAMED.iter().any(|(_, name, _)| *name == word)
        {
            return Ok(Self::Char(c));
        }
        let lower = word.to_lowercase();
        let named =
            |(_, name, others): &&(Self, &str, &[&str])| name.to_lowercase() == lower || others.contains(&&*lower);
        if let Some((key, ..)) = NAMED.iter().find(named) {
            return Ok(*key);
        }
        if let Some(n) = lower.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n)) {
            return Ok(Self::Code(KeyCode::F(n)));
        }
        let one =
            |rest: &str| Some(rest.chars().next()?).filter(|c| rest.len() == c.len_utf8() && c.is_ascii_graphic());
        if let Some(c) = ["^", "ctrl-", "c-"].iter().find_map(|p| one(lower.strip_prefix(p)?)) {
            return match c {
                // Terminals send these as other keys: Tab, Enter and Backspace.
                'i' | 'm' | 'h' => Err(format!("a terminal cannot tell {word} from Tab, Enter or Backspace")),
                'a'..='z' => Ok(Self::Ctrl(c)),
                _ => Err(format!("with Ctrl there are letters only, not {word}")),
            };
        }
        if let Some(c) =
            ["alt-", "m-"].iter().find_map(|p| one(word.get(p.len()..).filter(|_| lower.starts_with(p))?))
        {
            return Ok(Self::Alt(c));
        }
        let names: Vec<&str> = NAMED.iter().map(|(_, name, _)| *name).collect();
        Err(format!("\"{word}\" is not a key: one character, ^f or ctrl-f, alt-x, F1 … F12, {}", names.join(", ")))
    }

    /// Parses keys with spaces between, as in a script. Text in single quotes is typed character by character.
    ///
    /// # Errors
    /// A message about the first word that is not a key.
    pub fn script(text: &str) -> Result<Vec<Self>, String> {
        let mut keys = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            if let Some(typed) = rest.strip_prefix('\'') {
                let (typed, after) = typed.split_once('\'').ok_or("a text that is typed has no end: put a ' there")?;
                keys.extend(typed.chars().map(Self::Char));
                rest = after.trim_start();
                continue;
            }
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            match Self::parse(word)? {
                Self::Ctrl('c' | 'z') => {
                    return Err(format!("\"{word}\" ends or suspends the program: only the viewer can do that"));
                }
                key => keys.push(key),
            }
            rest = after.trim_start();
        }
        Ok(keys)
    }
}

/// As the key is written on screen.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (NAMED.iter().find(|(key, ..)| key == self), self) {
            (Some((_, name, _)), _) => f.pad(name),
            (None, Self::Char(c)) => write!(f, "{c}"),
            (None, Self::Ctrl(c)) => write!(f, "^{}", c.to_ascii_uppercase()),
            (None, Self::Alt(c)) => write!(f, "alt-{c}"),
            (None, Self::Code(code)) => write!(f, "{code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_as_it_is_shown() {
        let named = NAMED.iter().map(|(key, ..)| *key);
        let others = ['a', 'G', '?', '/', 'é', '^', '-'].map(Key::Char).into_iter();
        let more = [Key::Ctrl('f'), Key::Alt('x'), Key::Alt('X'), Key::Code(KeyCode::F(5))];
        for key in named.chain(others).chain(more) {
            assert_eq!(Key::parse(&key.to_string()), Ok(key), "{key}");
            assert_eq!(Key::of(&key.event()), Some(key), "{key}");
        }
        assert_eq!(Key::parse("ctrl-F"), Ok(Key::Ctrl('f')));
        assert_eq!(Key::parse("pageup"), Ok(Key::PAGE_UP));
        assert_eq!(Key::parse("Up"), Ok(Key::Code(KeyCode::Up)));
    }

    #[test]
    fn modifiers_count() {
        let pressed = |code, modifiers| Key::of(&KeyEvent::new(code, modifiers));
        assert_eq!(pressed(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Key::Char('G')));
        assert_eq!(pressed(KeyCode::Char('F'), KeyModifiers::CONTROL), Some(Key::Ctrl('f')));
        assert_eq!(pressed(KeyCode::Up, KeyModifiers::CONTROL), None);
        assert_eq!(pressed(KeyCode::Char('q'), KeyModifiers::CONTROL | KeyModifiers::ALT), None);
    }

    #[test]
    fn what_is_no_key_is_said() {
        let why = |word| Key::parse(word).unwrap_err();
        assert!(why("Entr").contains("\"Entr\" is not a key: one character"), "{}", why("Entr"));
        assert!(why("ctrl-i").contains("cannot tell ctrl-i from Tab"), "{}", why("ctrl-i"));
        assert!(why("ctrl-1").contains("letters only"), "{}", why("ctrl-1"));
        assert!(["", " ", "F13"].iter().all(|word| why(word).contains("is not a key")));
    }

    #[test]
    fn a_script_is_keys_and_what_is_typed() {
        let text = ['a', ' ', 'b'].map(Key::Char);
        let want = [&[Key::Char('n'), Key::Ctrl('l'), Key::TAB], &text[..], &[Key::ENTER]].concat();
        assert_eq!(Key::script("n ^l  Tab 'a b' Enter").unwrap(), want);
        assert!(Key::script("n 'open").unwrap_err().contains("no end"));
        assert!(Key::script("^c").unwrap_err().contains("only the viewer"));
    }
}
