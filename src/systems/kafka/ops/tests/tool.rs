//! `kafka-consumer-groups.sh --reset-offsets --from-file`, as far as Kafka documents it, and strict: an unknown word, an extra scope or
//! scenario, or a line of another form is an error.
//!
//! It is independent of the program that prints the commands. By `kafka.tools.ConsumerGroupCommand`: for one `--group` a line of the file
//! is `topic,partition,offset`; without `--execute` nothing is changed; an offset outside of the log becomes its nearer end.

use std::collections::BTreeMap;

/// A word of a command line: text, or what a process substitution `<( )` prints.
#[derive(Debug, PartialEq)]
enum Word {
    Text(String),
    File(String),
}

/// The parameters of a reset.
#[derive(Debug, PartialEq)]
pub(super) struct Reset {
    pub(super) bootstrap: String,
    pub(super) config: Option<String>,
    pub(super) group: String,
    pub(super) rows: Vec<(String, i32, i64)>,
}

impl Reset {
    /// Parses a command line.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let mut words = words(&mut line.chars().peekable(), None)?.into_iter();
        match words.next() {
            Some(Word::Text(program)) if program == "kafka-consumer-groups.sh" => {}
            other => return Err(format!("no such program: {other:?}")),
        }
        let mut values: BTreeMap<&str, Word> = BTreeMap::new();
        let mut flags: Vec<&str> = Vec::new();
        while let Some(word) = words.next() {
            let Word::Text(option) = word else { return Err("a file where an option belongs".to_owned()) };
            let with_value = ["--bootstrap-server", "--command-config", "--group", "--from-file"];
            if let Some(known) = with_value.into_iter().find(|o| *o == option) {
                let value = words.next().ok_or_else(|| format!("{known} without a value"))?;
                if values.insert(known, value).is_some() {
                    return Err(format!("{known} twice"));
                }
            } else if let Some(known) = ["--reset-offsets", "--execute"].into_iter().find(|o| *o == option) {
                flags.push(known);
            } else {
                return Err(format!("{option} is not a recognized option"));
            }
        }
        flags.sort_unstable();
        if flags != ["--execute", "--reset-offsets"] {
            return Err(format!("exactly one action, and --execute, or nothing is changed: {flags:?}"));
        }
        let mut text = |option| match values.remove(option) {
            Some(Word::Text(text)) if !text.is_empty() && !text.starts_with('-') => Ok(Some(text)),
            None => Ok(None),
            other => Err(format!("{option} {other:?}")),
        };
        let (bootstrap, config, group) = (text("--bootstrap-server")?, text("--command-config")?, text("--group")?);
        let Some(Word::File(file)) = values.remove("--from-file") else {
            return Err("no scenario: --from-file".to_owned());
        };
        let bootstrap = bootstrap.ok_or("Missing required argument [bootstrap-server]")?;
        let group = group.ok_or("Option [reset-offsets] takes one of these options: [all-groups], [group]")?;
        Ok(Self { bootstrap, config, group, rows: file.lines().map(row).collect::<Result<_, _>>()? })
    }

    /// The offsets it sets, by the starts and ends of the logs.
    pub(super) fn offsets(
        &self,
        bounds: impl Fn(&str, i32) -> Option<(i64, i64)>,
    ) -> Result<BTreeMap<(String, i32), i64>, String> {
        let mut out = BTreeMap::new();
        for (topic, partition, offset) in &self.rows {
            let (start, end) = bounds(topic, *partition).ok_or_else(|| format!("no partition {topic}-{partition}"))?;
            if out.insert((topic.clone(), *partition), (*offset).clamp(start, end)).is_some() {
                return Err(format!("{topic}-{partition} twice"));
            }
        }
        Ok(out)
    }
}

fn row(line: &str) -> Result<(String, i32, i64), String> {
    let fault = || format!("Invalid format: {line:?}");
    let [topic, partition, offset] = line.split(',').collect::<Vec<_>>()[..] else { return Err(fault()) };
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if topic.is_empty() || topic.len() > 249 || !topic.chars().all(legal) {
        return Err(fault());
    }
    Ok((topic.to_owned(), partition.parse().map_err(|_| fault())?, offset.parse().map_err(|_| fault())?))
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// A shell's words up to `end`: quotes, backslashes, and the substitution of a `printf` whose format prints a word per line. Everything
/// else with a meaning for a shell is an error.
fn words(at: &mut Chars<'_>, end: Option<char>) -> Result<Vec<Word>, String> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    loop {
        let c = at.next();
        if c.is_none() || c == end || c == Some(' ') {
            out.extend(word.take().map(Word::Text));
            match c {
                Some(' ') => continue,
                c if c == end => return Ok(out),
                _ => return Err("the command is not closed".to_owned()),
            }
        }
        match c.unwrap_or_default() {
            '\'' => loop {
                match at.next().ok_or("a quote is not closed")? {
                    '\'' => {
                        word.get_or_insert_default();
                        break;
                    }
                    c => word.get_or_insert_default().push(c),
                }
            },
            '\\' => word.get_or_insert_default().push(at.next().ok_or("nothing after a backslash")?),
            '<' if word.is_none() && at.next_if_eq(&'(').is_some() => {
                out.push(Word::File(printed(words(at, Some(')'))?)?))
            }
            c if "|&;<>()$`\"*?[]#~!{}\t\n\r".contains(c) => return Err(format!("a bare {c:?}")),
            c => word.get_or_insert_default().push(c),
        }
    }
}

/// What a command prints.
fn printed(command: Vec<Word>) -> Result<String, String> {
    let texts: Option<Vec<String>> =
        command.into_iter().map(|w| if let Word::Text(text) = w { Some(text) } else { None }).collect();
    match texts.as_deref() {
        Some([program, format, lines @ ..]) if program == "printf" && format == "%s\\n" => {
            Ok(lines.iter().map(|line| format!("{line}\n")).collect())
        }
        other => Err(format!("not understood: {other:?}")),
    }
}
