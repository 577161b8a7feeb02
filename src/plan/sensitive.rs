//! Recognises likely secrets, so that they are refused in a plan and hidden in everything that is shown of one.
//!
//! The decision uses names and shapes. It may hide too much, which does no harm.

use std::sync::LazyLock;

use regex::Regex;

use super::span::Span;

/// Words that mark a key's name as that of a secret.
const WORDS: &str = r"pas+w|pass|pwd|psw|\bpw\b|secret|token|bearer|credential|external_id|access_?key|private|api_?key|webhook|authorization|cookie";

/// `KEY = VALUE`, where the key's name is that of a secret and the value is no table; the whole of a list.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // A list; a multi-line string; a single-line string; anything else. An unclosed value extends to where it would have to end.
    let value = [
        r#"\[(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\]"'])*\]?"#,
        r#""{3}[\s\S]*?(?:"{3}|\z)|'{3}[\s\S]*?(?:'{3}|\z)"#,
        r#""(?:\\.|[^"\\\n])*"?|'[^'\n]*'?"#,
        r#"[^\s"'{,}\n][^\n]*"#,
    ]
    .join("|");
    // Case is ignored only in the words, and all characters beyond ASCII are accepted: Unicode classes would add milliseconds to every
    // start.
    Regex::new(&format!(r#"(?i:{WORDS}|key\.pem)[0-9A-Za-z_."'\-\x{{80}}-\x{{10FFFF}}]*[ \t]*=[ \t]*({value})"#)).ok()
});

/// Shapes of secrets that need no key: an AWS access key, a user name and password in a URL (whatever characters they contain: everything
/// up to the last `@`), a private key.
static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"\b((?:AKIA|ASIA)[A-Z0-9]{16})\b|://([^\s"]*@)|(-----BEGIN [A-Z ]*PRIVATE KEY[^"']*)"#).ok()
});

/// Whether a key's name is that of a secret.
pub fn secret_name(name: &str) -> bool {
    static NAME: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(&format!(r"(?i){WORDS}|(^|[._])key\.pem$|sasl\.jaas\.config")).ok());
    NAME.as_ref().is_some_and(|r| r.is_match(name))
}

/// Whether a text has the shape of a secret, regardless of its key.
pub(super) fn secret_shape(text: &str) -> bool {
    SHAPES.as_ref().is_some_and(|r| r.is_match(text))
}

/// Whether the value of a librdkafka property is a secret (librdkafka's CONFIGURATION.md); files and public parts are not.
pub(super) fn secret_property(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let public = [".location", ".url", ".file", ".username", ".type", ".certificate.pem", ".ca.pem"];
    let about = name.contains("refresh") || name.contains("claim") || name.contains("scope");
    secret_name(&name) && !about && !public.iter().any(|end| name.ends_with(end))
}

/// The values assigned to keys whose name is that of a secret. A string that ends like such a key takes the following text for its value,
/// so a key within that text is also searched for.
fn assigned(text: &str) -> impl Iterator<Item = Span> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let value = ASSIGNED.as_ref()?.captures_at(text, from)?.get(1)?;
        from = value.start();
        Some(value.range())
    })
}

/// The text with every clear-text secret and all given spans hidden, of the same length in bytes, so that spans stay valid.
pub(super) fn masked(text: &str, besides: &[Span]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let shapes = SHAPES.iter().flat_map(|r| r.captures_iter(text));
    let shapes = shapes.flat_map(|c| c.iter().skip(1).flatten().map(|m| m.range()).collect::<Vec<_>>());
    for span in assigned(text).chain(shapes).chain(besides.iter().cloned()) {
        // Line ends, braces and quotes are kept, so that places remain recognisable.
        for b in bytes.get_mut(span).into_iter().flatten() {
            if !matches!(b, b'\n' | b'\r' | b'"' | b'\'' | b'{' | b'}') {
                *b = b'*';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_out_what_is_assigned_and_what_has_the_shape() {
        let text = concat!(
            "password = \"hunter2\"\n",
            "p = { \"sasl.password\" = 'hunter2', \"sasl.username\" = \"joe\" }\n",
            "secret_key = { env = \"KEY\" }\n",
            "password = hunter2 # open\n",
            "password = \"hunter2\n",
            "uri = \"mongodb://joe:hunter2@h:1\"\n",
            "uri = \"mongodb://joe:hunter2/x?y#z@h:1\"\n",
            "pasword = \"hunter2\"\npwd = \"hunter2\"\npass = \"hunter2\"\npw = \"hunter2\"\nwebhook = \"https://h/hunter2\"\n",
            "secret = \"\"\"\nhunter2\n\"\"\"\n",
            "x = \"AKIAIOSFODNN7EXAMPLE\"\n",
            "пароль_password_ключ = \"hunter2\"\n",
            "password.x.\"y\" = \"hunter2\"\n",
            "passwords = [\n  \"a]b\", # first\n  'hunter2',\n]\n",
            // A text that ends like a key must not take the value of another key.
            "p = { url = \"https://h/token?x=\", password = \"hunter2\" }\n",
            "p = { jaas = \"token:x=\", \"sasl.password\" = \"hunter2\" }\n",
            "p = { note = \"secret = \", password = \"hunter2\" }\n",
            "a = \"secret/=\" # password = \"hunter2\"\n",
            "a = \"\"\"token?x=\"\"\"\npassword = \"\"\"\nhunter2\"\"\"\n",
        );
        let shown = masked(text, &[]);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!shown.contains("AKIA"), "{shown}");
        assert!(shown.contains("{ env = \"KEY\" }") && shown.contains("\"joe\""), "{shown}");
    }

    #[test]
    fn properties_that_are_secrets() {
        for name in [
            "sasl.password",
            "ssl.key.password",
            "ssl.key.pem",
            "sasl.oauthbearer.client.secret",
            "ssl.keystore.password",
        ] {
            assert!(secret_property(name), "{name}");
        }
        for name in
            ["sasl.username", "ssl.key.location", "ssl.ca.pem", "ssl.certificate.pem", "bootstrap.servers", "group.id"]
        {
            assert!(!secret_property(name), "{name}");
        }
    }
}
