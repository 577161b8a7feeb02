//! Converts one text or number of a plan to its value, or to a fault.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use jiff::fmt::friendly::SpanParser;
use regex::Regex;

use super::{
    diag::Code,
    pattern::Pattern,
    sensitive,
    spec::{Form, Kind, listed},
    tree::{Quantity, Value},
};

/// The fault of a value: the end of a sentence that begins with the key's name, and a hint.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The kind of fault.
    pub code: Code,
    /// The end of the sentence.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Wrong {
    /// Without a hint.
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Text of the plan, escaped and shortened for a message.
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(48).flat_map(char::escape_debug).collect();
    if text.chars().nth(48).is_some() {
        shown.push('…');
    }
    let shown = shown.replace("\\\"", "\"").replace("\\'", "'");
    format!("\"{shown}\"")
}

/// A text converted to the kind; `None` where the kind takes no text.
pub fn text(kind: &Kind, text: &str) -> Option<Result<Value, Wrong>> {
    Some(match kind {
        Kind::Text(min, max) => line(text, *min, *max),
        Kind::Block if text.trim().is_empty() => Err(Wrong::new(Code::BadValue, "is empty")),
        Kind::Block => Ok(Value::Text(text.to_owned())),
        Kind::Form(form) => formed(form, text),
        Kind::Enum(words) => word(words, text),
        Kind::Duration(min, max) => duration(text, *min, *max),
        Kind::Timestamp => timestamp(text),
        Kind::Quantity => line(text, 1, 256).map(|_| Value::Quantity(Quantity::Text(text.to_owned()))),
        Kind::Pattern => pattern(text),
        Kind::Address(port) => address(text, *port),
        Kind::Url => url(text),
        _ => return None,
    })
}

fn line(text: &str, min: usize, max: usize) -> Result<Value, Wrong> {
    let length = text.chars().count();
    if text.chars().any(char::is_control) {
        return Err(Wrong::new(Code::BadValue, "holds control characters or line ends"));
    }
    if length < min || (min > 0 && text.trim().is_empty()) {
        return Err(Wrong::new(Code::BadValue, "is empty"));
    }
    if length > max {
        return Err(Wrong::new(Code::OutOfRange, format!("is {length} characters long; the maximum is {max}")));
    }
    Ok(Value::Text(text.to_owned()))
}

/// Compiled forms by their pattern.
type Cache = LazyLock<Mutex<Vec<(&'static str, Option<Regex>)>>>;

fn formed(form: &Form, text: &str) -> Result<Value, Wrong> {
    // A few forms, each compiled once.
    static SEEN: Cache = LazyLock::new(Mutex::default);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let at = seen.iter().position(|(p, _)| *p == form.pattern).unwrap_or_else(|| {
        seen.push((form.pattern, Regex::new(form.pattern).ok()));
        seen.len() - 1
    });
    let fits = seen[at].1.as_ref().is_some_and(|r| r.is_match(text));
    drop(seen);
    if fits {
        return Ok(Value::Text(text.to_owned()));
    }
    let shown =
        if text.contains('@') || sensitive::secret_shape(text) { "the text given".to_owned() } else { quoted(text) };
    let wrong = Wrong::new(Code::BadValue, format!("must be {}, not {shown}", form.what));
    Err(wrong.hint(form_hint(text).unwrap_or_else(|| format!("write it as \"{}\"", form.example))))
}

/// Advice for common mistakes, by the text.
fn form_hint(text: &str) -> Option<String> {
    if text.starts_with("mongodb+srv://") {
        return Some(
            "list the hosts: \"mongodb://db1:27017,db2:27017/\"; names behind mongodb+srv may change on the way"
                .to_owned(),
        );
    }
    if let Some(zone) = text.strip_prefix("/hostedzone/") {
        return Some(format!("write it without the path: {}", quoted(zone)));
    }
    let region = text.strip_suffix(|c: char| c.is_ascii_lowercase())?;
    let zone = region.ends_with(|c: char| c.is_ascii_digit()) && region.matches('-').count() >= 2;
    zone.then(|| format!("that is an availability zone; its region is {}", quoted(region)))
}

fn word(words: &[&str], text: &str) -> Result<Value, Wrong> {
    if words.contains(&text) {
        return Ok(Value::Text(text.to_owned()));
    }
    let wrong = Wrong::new(Code::BadValue, format!("must be {}, not {}", listed(words), quoted(text)));
    let near =
        words.iter().find(|w| w.eq_ignore_ascii_case(text)).copied().or_else(|| super::hint::nearest(text, words));
    Err(match near {
        Some(near) => wrong.hint(format!("did you mean \"{near}\"?")),
        None => wrong,
    })
}

fn duration(text: &str, min: Duration, max: Duration) -> Result<Value, Wrong> {
    let example = "write a number and its unit (ms, s, m, h), such as \"500ms\", \"2s\" or \"1h30m\"";
    if text.trim().parse::<f64>().is_ok() {
        let hint = format!("seconds? then write \"{}s\"", text.trim());
        return Err(Wrong::new(Code::Unit, format!("has no unit: {}", quoted(text))).hint(hint));
    }
    let Ok(value) = SpanParser::new().parse_unsigned_duration(text.trim()) else {
        return Err(Wrong::new(Code::Unit, format!("is not a duration: {}", quoted(text))).hint(example));
    };
    if value < min || value > max {
        let limits = format!("must be between {} and {}; {} is not", friendly(min), friendly(max), quoted(text));
        return Err(Wrong::new(Code::OutOfRange, limits));
    }
    Ok(Value::Duration(value))
}

/// A duration in the plan's notation.
pub fn friendly(duration: Duration) -> String {
    jiff::SignedDuration::try_from(duration).map_or_else(|_| format!("{duration:?}"), |d| format!("{d:#}"))
}

/// A time with its offset, from text or from TOML's own date and time.
pub fn timestamp(text: &str) -> Result<Value, Wrong> {
    text.parse().map(Value::Timestamp).map_err(|_| {
        let wrong = Wrong::new(Code::BadValue, format!("is not a time with its offset from UTC: {}", quoted(text)));
        match text.parse::<jiff::civil::DateTime>() {
            Ok(_) if text.contains([':', 'T']) => {
                wrong.hint(format!("add Z for UTC, or an offset: {}", quoted(&format!("{text}Z"))))
            }
            _ => wrong.hint("write it as \"2026-11-21T01:00:00Z\" or \"2026-11-21T03:00:00+02:00\""),
        }
    })
}

fn pattern(text: &str) -> Result<Value, Wrong> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(Wrong::new(Code::BadValue, "holds an empty name or control characters"));
    }
    Pattern::parse(text).map(Value::Pattern).map_err(|why| {
        Wrong::new(Code::BadValue, format!("is not a regular expression: {}", quoted(text))).hint(why.to_string())
    })
}

fn address(text: &str, port: u16) -> Result<Value, Wrong> {
    if let Ok(address) = text.parse::<SocketAddr>().or_else(|_| text.parse::<IpAddr>().map(|ip| (ip, port).into())) {
        return Ok(Value::Address(address));
    }
    let wrong =
        Wrong::new(Code::BadValue, format!("must be an IP address, with or without port, not {}", quoted(text)));
    Err(wrong.hint(if text.contains(|c: char| c.is_ascii_alphabetic()) && !text.contains("::") {
        "give the server's address, not its name: which server is asked must not depend on another one".to_owned()
    } else {
        format!("write \"10.0.0.2\", \"10.0.0.2:{port}\" or \"[fd00::2]:{port}\"")
    }))
}

fn url(text: &str) -> Result<Value, Wrong> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let authority = rest.map(|r| r.split('/').next().unwrap_or_default());
    match authority {
        // Text before an @, or in a query, may be a secret; a server's address needs neither.
        _ if text.contains('@') => Err(Wrong::new(Code::SecretInClear, "holds credentials")
            .hint("take out what stands before the @; a token for Prometheus goes into bearer = { env = \"NAME\" }")),
        _ if text.contains(['?', '#']) => {
            Err(Wrong::new(Code::SecretInClear, "holds a query, which may hold a secret").hint(
                "take out the ? or # and what follows; a token for Prometheus goes into bearer = { env = \"NAME\" }",
            ))
        }
        Some(a) if !a.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Ok(Value::Text(text.trim_end_matches('/').to_owned()))
        }
        _ => Err(Wrong::new(Code::BadValue, format!("is not a URL: {}", quoted(text)))
            .hint("it begins with http:// or https://: \"https://host:9090\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Result<u128, Code> {
        match duration(text, Duration::from_millis(200), Duration::from_secs(7200)) {
            Ok(Value::Duration(d)) => Ok(d.as_millis()),
            Ok(other) => panic!("{other:?}"),
            Err(wrong) => Err(wrong.code),
        }
    }

    #[test]
    fn durations_need_a_unit_and_keep_to_their_limits() {
        assert_eq!(millis("2s"), Ok(2000));
        assert_eq!(millis("1h30m"), Ok(5_400_000));
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("2"), Err(Code::Unit));
        assert_eq!(millis("-2s"), Err(Code::Unit));
        assert_eq!(millis("2 parsecs"), Err(Code::Unit));
        assert_eq!(millis("100ms"), Err(Code::OutOfRange));
        assert_eq!(millis("3h"), Err(Code::OutOfRange));
    }

    #[test]
    fn addresses_take_a_default_port() {
        let read = |t: &str| match address(t, 53) {
            Ok(Value::Address(a)) => a.to_string(),
            _ => "none".to_owned(),
        };
        assert_eq!(read("10.0.0.2"), "10.0.0.2:53");
        assert_eq!(read("10.0.0.2:5353"), "10.0.0.2:5353");
        assert_eq!(read("::1"), "[::1]:53");
        assert_eq!(read("ns1.example.com"), "none");
    }

    #[test]
    fn what_is_quoted_cannot_move_the_cursor() {
        assert_eq!(quoted("a\u{1b}[2J\"b\""), "\"a\\u{1b}[2J\"b\"\"");
        assert_eq!(quoted(&"x".repeat(60)).chars().count(), 51);
    }
}
