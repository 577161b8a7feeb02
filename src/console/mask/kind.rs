//! Determines the kind of a name by its form alone: texts from servers contain names that no plan has.

use std::net::IpAddr;

/// A kind of name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'w> {
    Host,
    Ip,
    Account,
    Zone,
    Arn,
    /// An EC2 resource, by the prefix of its id.
    Resource(&'w str),
}

impl Kind<'_> {
    /// Prefix of its pseudonyms.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Ip => "ip",
            Self::Account => "acct",
            Self::Zone => "zone",
            Self::Arn => "arn",
            Self::Resource(_) => "id",
        }
    }
}

/// Prefix of a resource's pseudonyms: that of its ids, if known.
pub(super) fn prefix(of: &str) -> &'static str {
    const KNOWN: [&str; 12] = ["i", "ami", "subnet", "vpc", "sg", "lt", "eni", "vol", "snap", "igw", "rtb", "eipalloc"];
    KNOWN.into_iter().find(|known| *known == of).unwrap_or("id")
}

/// A word of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'t> {
    /// Its position.
    pub(super) at: usize,
    pub(super) text: &'t str,
}

impl<'t> Word<'t> {
    /// The name, and the port with its colon; empty if there is none.
    pub(super) fn port(&self) -> (&'t str, &'t str) {
        match self.text.rfind(':') {
            Some(at) if is_port(&self.text[at + 1..]) && !self.text[..at].contains(':') => self.text.split_at(at),
            _ => (self.text, ""),
        }
    }
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// The words of a text that could be names: letters, digits and characters that occur in names.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(begin) = text[at..].find(|c: char| c.is_alphanumeric() || c == ':').map(|n| at + n) {
        let rest = &text[begin..];
        // A resource name contains more characters; this is where it must end.
        let end = if rest.starts_with("arn:") {
            rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ')' | '}' | ']'))
        } else {
            rest.find(|c| !of_name(c))
        };
        let end = begin + end.unwrap_or(rest.len());
        let word = text[begin..end].trim_end_matches(['-', '_']);
        // A final dot or colon is punctuation; a double colon belongs to the name.
        let word = if word.ends_with("::") { word } else { word.trim_end_matches([':', '.']) };
        if !word.is_empty() {
            let skip = scheme(word);
            out.push(Word { at: begin + skip, text: &word[skip..] });
        }
        at = end;
    }
    out
}

/// Length of the part before an address: `tcp:` of `tcp:10.0.0.1:27017`.
fn scheme(word: &str) -> usize {
    let Some((before, after)) = word.split_once(':') else { return 0 };
    let address = after.split(':').next().unwrap_or_default();
    let is = before.bytes().all(|b| b.is_ascii_alphabetic()) && address.parse::<std::net::Ipv4Addr>().is_ok();
    if is { before.len() + 1 } else { 0 }
}

/// Top-level domains of hosts; those of countries have two letters.
const ENDS: [&str; 24] = [
    "com",
    "net",
    "org",
    "io",
    "dev",
    "app",
    "cloud",
    "info",
    "biz",
    "edu",
    "gov",
    "mil",
    "test",
    "example",
    "invalid",
    "internal",
    "intra",
    "local",
    "localdomain",
    "lan",
    "corp",
    "home",
    "arpa",
    "aws",
];

/// The kind of a name; `None` if the word is not a name. `port`: a port follows it.
pub(super) fn of(word: &str, port: bool) -> Option<Kind<'_>> {
    let bytes = word.as_bytes();
    if word.starts_with("arn:") {
        return Some(Kind::Arn);
    }
    if bytes.len() == 12 && bytes.iter().all(u8::is_ascii_digit) {
        return Some(Kind::Account);
    }
    if word.parse::<IpAddr>().is_ok() {
        return Some(Kind::Ip);
    }
    // EC2 names hosts after their addresses.
    let parts = word.strip_prefix("ip-").map(|rest| rest.split('-').filter(|n| n.parse::<u8>().is_ok()).count());
    if parts == Some(4) {
        return Some(Kind::Host);
    }
    let hex = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
    if let Some((prefix, id)) = word.rsplit_once('-')
        && matches!(id.len(), 8 | 17)
        && id.bytes().all(|b| hex(&b))
        && id.bytes().any(|b| b.is_ascii_digit())
        && !prefix.is_empty()
        && prefix.bytes().all(|b| b.is_ascii_lowercase())
    {
        return Some(Kind::Resource(prefix));
    }
    let zone = |b: &u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    if word.starts_with('Z')
        && (10..=32).contains(&bytes.len())
        && bytes.iter().all(zone)
        && bytes.iter().any(u8::is_ascii_digit)
    {
        return Some(Kind::Zone);
    }
    let name = word.trim_end_matches('.');
    let (_, end) = name.rsplit_once('.')?;
    let lettered = end.len() >= 2 && end.bytes().all(|b| b.is_ascii_alphabetic());
    let known = lettered && (end.len() == 2 || ENDS.contains(&end.to_ascii_lowercase().as_str()));
    (known || (port && lettered)).then_some(Kind::Host)
}
