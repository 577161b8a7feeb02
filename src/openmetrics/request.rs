//! The head of a request, and its answer. Only a little of HTTP/1.1 is needed: one GET or HEAD of one path, then the
//! connection ends.

use std::net::IpAddr;

/// The content type of OpenMetrics 1.0.
const CONTENT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The metrics; without the body for HEAD.
    Metrics { body: bool },
    /// A refusal: the status, and why.
    No(&'static str, &'static str),
}

/// The head exceeds the limit.
pub(super) const TOO_LONG: Answer =
    Answer::No("431 Request Header Fields Too Large", "the head of the request is too long");

/// Parses a head. `here`: only this machine gets an answer, and only if the `Host` header, if any, is an address
/// or this machine's own name: a web page elsewhere could point its own name at this machine and have a browser send the
/// request.
pub(super) fn answer(head: &[u8], here: bool) -> Answer {
    let Ok(head) = std::str::from_utf8(head) else { return Answer::No("400 Bad Request", "the head is not text") };
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let (Some(method), Some(target), Some("HTTP/1.0" | "HTTP/1.1"), None) = (method, target, version, words.next())
    else {
        return Answer::No("400 Bad Request", "not an HTTP/1.0 or 1.1 request");
    };
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim().to_owned())
    };
    if here && lines.filter_map(header).any(|host| !is_here(&host)) {
        return Answer::No("421 Misdirected Request", "use an address or localhost as the host");
    }
    if !matches!(method, "GET" | "HEAD") {
        return Answer::No("405 Method Not Allowed", "GET or HEAD");
    }
    match target.split('?').next() {
        Some("/metrics") => Answer::Metrics { body: method == "GET" },
        _ => Answer::No("404 Not Found", "the metrics are at /metrics"),
    }
}

/// Whether this is an address, or this machine's own name.
fn is_here(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost")
}

impl Answer {
    /// The head of the response, with the body if it is not the metrics.
    pub(super) fn text(self, metrics: usize) -> String {
        let (status, content, length, more) = match self {
            Self::Metrics { .. } => ("200 OK", CONTENT, metrics, String::new()),
            Self::No(status, why) => (status, "text/plain; charset=utf-8", why.len() + 1, format!("{why}\n")),
        };
        let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content}\r\nContent-Length: {length}\r\n{allow}Cache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{more}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str, here: bool) -> &'static str {
        match answer(head.as_bytes(), here) {
            Answer::Metrics { body: true } => "metrics",
            Answer::Metrics { body: false } => "head",
            Answer::No(status, _) => &status[..3],
        }
    }

    #[test]
    fn get_and_head_of_one_path_and_nothing_else() {
        for (head, wanted) in [
            ("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9", "metrics"),
            ("GET /metrics?x=y HTTP/1.0", "metrics"),
            ("HEAD /metrics HTTP/1.1\r\nhost: [::1]:9", "head"),
            ("GET / HTTP/1.1\r\nHost: localhost", "404"),
            ("POST /metrics HTTP/1.1\r\nHost: localhost", "405"),
            ("DELETE /metrics HTTP/1.1", "405"),
            ("GET /metrics HTTP/2", "400"),
            ("GET /metrics", "400"),
            ("", "400"),
            ("GET  /metrics HTTP/1.1", "400"),
        ] {
            assert_eq!(status(head, true), wanted, "{head}");
        }
        assert!(answer(b"\xff\xfe", true).text(0).starts_with("HTTP/1.1 400 "));
        assert!(answer(b"PUT / HTTP/1.1", true).text(0).contains("\r\nAllow: GET, HEAD\r\n"));
    }

    #[test]
    fn a_name_that_somebody_else_can_give_is_not_answered_on_the_own_machine() {
        let head = "GET /metrics HTTP/1.1\r\nHost: attacker.example:9090";
        assert_eq!(status(head, true), "421");
        assert_eq!(status(head, false), "metrics");
        assert_eq!(status("GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: attacker.example", true), "421");
        assert_eq!(status("GET /metrics HTTP/1.1\r\nHost: ", true), "421");
    }
}
