//! Splits a filter into its words: quoted texts, expressions, column names.

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// As typed; messages about the word begin with it.
    pub shown: String,
    /// Negated.
    pub not: bool,
    /// The part before the colon.
    pub column: Option<String>,
    /// The part after it.
    pub test: Text,
}

/// The text to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    /// A text, or a comparison.
    Plain(String),
    /// A literal text.
    Quoted(String),
    /// A regular expression.
    Regex(String),
}

impl Written {
    /// The whole word as text, if the part before the colon names no column.
    pub(super) fn whole(&self) -> Text {
        Text::Plain(self.shown.strip_prefix('!').unwrap_or(&self.shown).to_owned())
    }
}

/// Splits at blanks, but not inside `/…/` and `"…"`. An unclosed one extends to the end: it is still being typed.
pub(super) fn words(text: &str) -> Vec<Written> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = rest.split_at(length(rest));
        out.push(read(word));
        rest = after.trim_start();
    }
    out
}

/// Length of the first word in bytes.
fn length(text: &str) -> usize {
    let (mut closes, mut escaped, mut before) = (None, false, None);
    for (at, c) in text.char_indices() {
        match closes {
            Some(end) => {
                if c == end && !escaped {
                    closes = None;
                }
                escaped = c == '\\' && !escaped && end == '/';
            }
            None if c.is_whitespace() => return at,
            // They open where a word, its value or a comparison begins, and are signs like others elsewhere.
            None if c == '/' && matches!(before, None | Some('!' | ':')) => closes = Some('/'),
            None if c == '"' && matches!(before, None | Some('!' | ':' | '=')) => closes = Some('"'),
            None => {}
        }
        before = Some(c);
    }
    text.len()
}

fn read(word: &str) -> Written {
    let (not, rest) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
    let named = rest.split_once(':').filter(|(name, _)| !name.is_empty() && !name.starts_with(['/', '"']));
    let (column, value) = named.map_or((None, rest), |(name, value)| (Some(name.to_owned()), value));
    let inside = |sign: char| value.strip_prefix(sign).map(|v| v.strip_suffix(sign).unwrap_or(v).to_owned());
    let test = match (inside('/'), inside('"')) {
        (Some(expression), _) => Text::Regex(expression),
        (_, Some(text)) => Text::Quoted(text),
        _ => Text::Plain(value.to_owned()),
    };
    Written { shown: word.to_owned(), not, column, test }
}
