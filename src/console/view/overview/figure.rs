//! The part of a value that is drawn large: the number, its unit, and its limit.

/// `1.2s of 5.0s` → `1.2s/5.0s`, `9.8 ±0.6 %` → `9.8%`, `open` → `OPEN`. The full value is shown below.
pub fn figure(text: &str) -> String {
    let text = text.replace(" of ", "/");
    let text = match (text.find(" ±"), text.rfind(' ')) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &text[..from], &text[to..]),
        _ => text,
    };
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return text.to_uppercase();
    }
    let text = text.replace('≥', "≥ ");
    let words: Vec<String> = text.split(' ').filter(|w| !w.is_empty()).map(both).collect();
    let mut out = String::new();
    for word in words {
        // Words of up to three letters are units.
        let apart = word.chars().count() > 3 && word.chars().all(char::is_alphabetic);
        out.push_str(if apart { " " } else { "" });
        out.push_str(&word);
    }
    out
}

/// A value and its limit.
fn both(word: &str) -> String {
    word.split('/').map(short).collect::<Vec<_>>().join("/")
}

/// At most three digits: `12.34` → `12.3`, `12m54s` → `12m`. Truncated, never rounded up.
fn short(word: &str) -> String {
    let end = |s: &str, of: fn(&char) -> bool| s.chars().take_while(of).map(char::len_utf8).sum::<usize>();
    let whole = end(word, char::is_ascii_digit);
    let rest = &word[whole..];
    if let Some(decimals) = rest.strip_prefix('.') {
        let count = end(decimals, char::is_ascii_digit);
        let keep = count.min(3_usize.saturating_sub(whole));
        let point = if keep > 0 { "." } else { "" };
        return format!("{}{point}{}{}", &word[..whole], &decimals[..keep], &decimals[count..]);
    }
    let unit = end(rest, char::is_ascii_alphabetic);
    let second = &rest[unit..];
    if whole >= 2 && unit == 1 && second.starts_with(|c: char| c.is_ascii_digit()) {
        return word[..whole + unit].to_owned();
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn a_figure_is_what_is_said_aloud() {
        for (text, large) in [
            ("0.0s of 5.0s", "0.0s/5.0s"),
            ("7 of 12", "7/12"),
            ("9.8 ±0.6 %", "9.8%"),
            ("100.0 ±0.1 %", "100%"),
            ("12.34 %", "12.3%"),
            ("116 ms", "116ms"),
            ("≥ 1m54s", "≥1m54s"),
            ("≥ 12m54s", "≥12m"),
            ("12h05m", "12h"),
            ("12m54s of 1m00s", "12m/1m00s"),
            ("0:02:00", "0:02:00"),
            ("3 UNKNOWN", "3 UNKNOWN"),
            ("open", "OPEN"),
            ("20%", "20%"),
        ] {
            assert_eq!(figure(text), large, "{text}");
        }
    }
}
