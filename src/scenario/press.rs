//! Keys, as a script writes them.

/// One key that is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "keys are called what stands on them")]
pub enum Press {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
}

/// Keys by their words.
const NAMED: [(&str, Press); 11] = [
    ("Space", Press::Char(' ')),
    ("Enter", Press::Enter),
    ("Esc", Press::Esc),
    ("Tab", Press::Tab),
    ("Backspace", Press::Backspace),
    ("Up", Press::Up),
    ("Down", Press::Down),
    ("Left", Press::Left),
    ("Right", Press::Right),
    ("PgUp", Press::PageUp),
    ("PgDn", Press::PageDown),
];

impl Press {
    /// Keys with spaces between; text in quotes is typed.
    ///
    /// # Errors
    /// What is no key, in words.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
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
            keys.push(Self::of(word)?);
            rest = after.trim_start();
        }
        Ok(keys)
    }

    /// As it is written.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Ctrl(c) => format!("^{c}"),
            key => match (NAMED.iter().find(|(_, known)| *known == key), key) {
                (Some((name, _)), _) => (*name).to_owned(),
                (None, Self::Char(c)) => c.to_string(),
                (None, other) => format!("{other:?}"),
            },
        }
    }

    fn of(word: &str) -> Result<Self, String> {
        let mut chars = word.chars();
        match (chars.next(), chars.next(), chars.next()) {
            (Some(c), None, _) => Ok(Self::Char(c)),
            (Some('^'), Some('c' | 'C' | 'z' | 'Z'), None) => {
                Err(format!("\"{word}\" ends or stops the program: that is for whoever watches"))
            }
            (Some('^'), Some(c), None) => Ok(Self::Ctrl(c.to_ascii_lowercase())),
            _ => {
                let known = NAMED.iter().find(|(name, _)| *name == word).map(|(_, key)| *key);
                known.ok_or_else(|| {
                    let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
                    format!("\"{word}\" is no key: one character, ^l for Ctrl-L, 'text', {}", names.join(", "))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let keys = Press::parse("n ^l  Tab 'a b' Enter").expect("keys");
        let text = [Press::Char('a'), Press::Char(' '), Press::Char('b')];
        let want = [&[Press::Char('n'), Press::Ctrl('l'), Press::Tab], &text[..], &[Press::Enter]].concat();
        assert_eq!(keys, want);
        assert!(Press::parse("n 'open").expect_err("no end").contains("no end"));
        assert!(Press::parse("Entr").expect_err("no key").contains("Entr"));
    }
}
