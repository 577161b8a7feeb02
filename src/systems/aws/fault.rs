//! The meaning of an SDK error: a [`FaultKind`] for a collector, the outcome of a change for a writer. The text names service, operation,
//! place and the server's code.

use std::error::Error;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::advice;
use base::{
    observed::{Fault, FaultKind},
    operation::SendOutcome,
    step::Reply,
};

/// The fault, and whether the credentials should be loaded again.
pub(super) fn of<E>(error: &SdkError<E, HttpResponse>, service: &str, operation: &str, place: &str) -> (Fault, bool)
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let fault = |kind, words: &str| Fault::new(kind, format!("{service}:{operation} at {place}: {words}"));
    // Our own credentials provider returns faults; the SDK wraps them in errors of several kinds.
    if let Some(own) = find::<Fault>(error) {
        return (fault(own.kind, own.text.raw()), false);
    }
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let Some(code) = error.code() else {
                let (kind, words) = somebody_elses(answer.raw());
                return (fault(kind, &words), false);
            };
            let kind = kind(code, status);
            let words = error.message().unwrap_or("no message");
            let date = answer.raw().headers().get("date");
            let advice = advice::of_code(code, kind, date, jiff::Timestamp::now());
            let advice = advice.map_or_else(String::new, |a| format!("; {a}"));
            (fault(kind, &format!("{code} (HTTP {status}): {words}{advice}")), spent(code))
        }
        SdkError::TimeoutError(_) => (fault(FaultKind::TimedOut, "no answer in time"), false),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (fault(FaultKind::TimedOut, &format!("no connection in time: {}", chain(failure_source(failure)))), false)
        }
        SdkError::DispatchFailure(failure) => (fault(FaultKind::Unreachable, &chain(failure_source(failure))), false),
        SdkError::ResponseError(answer) => {
            let (kind, words) = somebody_elses(answer.raw());
            (fault(kind, &format!("{words} ({})", chain(error))), false)
        }
        _ => (fault(FaultKind::Unsupported, &format!("the request could not be made: {}", chain(error))), false),
    }
}

/// An answer that AWS does not give: it has no error code, or cannot be parsed. It is reported as such.
fn somebody_elses(answer: &HttpResponse) -> (FaultKind, String) {
    let status = answer.status().as_u16();
    let header = |name| answer.headers().get(name).unwrap_or_default();
    let kind = match status {
        408 | 504 => FaultKind::TimedOut,
        429 => FaultKind::Throttled,
        500.. => FaultKind::Unreachable,
        _ => FaultKind::Malformed,
    };
    let form = header("content-type").split(';').next().unwrap_or_default();
    let what = match (status, answer.body().bytes()) {
        (300..400, _) => format!("a redirect to {}", header("location")),
        (407, _) => "a proxy that wants a login".to_owned(),
        (_, Some([])) => "nothing in it".to_owned(),
        (_, Some(bytes)) if form.is_empty() => format!("{} bytes of an unnamed form", bytes.len()),
        _ => format!("a page of {form}"),
    };
    let advice = "is the endpoint right, and is there a proxy or a sign-in page on the way?";
    (kind, format!("HTTP {status}, {what}: not an answer of AWS; {advice}"))
}

/// The outcome of a request that changes something, from its error; and whether the credentials should be loaded again.
pub(super) fn of_write<E, M>(
    error: &SdkError<E, HttpResponse>,
    service: &str,
    operation: &str,
    place: &str,
) -> (SendOutcome<M>, bool)
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let (Fault { text, .. }, stale) = of(error, service, operation, place);
    let sent = match error {
        // There were no credentials to sign it with, or it could not be built.
        _ if find::<Fault>(error).is_some() => SendOutcome::refused(format!("{text}; nothing was sent")),
        SdkError::ConstructionFailure(_) => SendOutcome::refused(format!("{text}; nothing was sent")),
        SdkError::DispatchFailure(failure) if never_connected(failure) => {
            SendOutcome::refused(format!("{text}; there was no connection, and nothing was sent"))
        }
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            match (error.code(), unwrapped(answer.raw())) {
                (Some(code), _) => {
                    SendOutcome { reply: verdict(code, status), version: None, detail: text.to_string() }
                }
                (None, Some(words)) => {
                    SendOutcome::mismatch(format!("{service}:{operation} at {place}: {BATCH} (HTTP {status}): {words}"))
                }
                (None, None) => SendOutcome::indeterminate(text.to_string()),
            }
        }
        _ => SendOutcome::indeterminate(text.to_string()),
    };
    (sent, stale)
}

/// Route 53's refusal of a batch.
const BATCH: &str = "InvalidChangeBatch";

/// The messages of a batch's refusal in the form whose root element is the error's own name. Route 53 answers in this form as well as in
/// the form of all other errors, and the SDK reads only the latter.
fn unwrapped(answer: &HttpResponse) -> Option<String> {
    let body = std::str::from_utf8(answer.body().bytes()?).ok()?;
    let (_, rest) = body.split_once(&format!("<{BATCH}"))?;
    let messages = rest.split("<Message>").skip(1).filter_map(|m| m.split("</Message>").next());
    let text = messages.collect::<Vec<_>>().join("; ");
    let plain = [("&quot;", "\""), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    (answer.status().as_u16() == 400).then(|| plain.iter().fold(text, |text, (from, to)| text.replace(from, to)))
}

/// Whether a server's own error code is a definite refusal. An answer without a code is not from AWS but from an intermediary, which may
/// have forwarded the request.
fn verdict(code: &str, status: u16) -> Reply {
    let name = code.strip_suffix("Exception").unwrap_or(code);
    let internal =
        ["Internal", "ServiceUnavailable", "Unavailable", "RequestTimeout"].iter().any(|w| name.starts_with(w));
    match kind(code, status) {
        // Route 53: the target of a DELETE does not exist, or that of a CREATE does.
        _ if name == BATCH => Reply::Mismatch,
        // Rejected before it was processed, whatever the status: EC2 throttles with 503.
        FaultKind::Throttled => Reply::Refused,
        _ if internal || !(400..500).contains(&status) || status == 408 => Reply::Indeterminate,
        _ => Reply::Refused,
    }
}

/// Whether no connection was ever made: no such host, no listener, no TLS. The SDK has no error type for it; its HTTP client names the part
/// that failed. If that text ever changed, the outcome of the request would be indeterminate, which is always safe.
fn never_connected(failure: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    failure.as_connector_error().is_some_and(|e| causes(e).any(|cause| cause.to_string() == "client error (Connect)"))
}

fn failure_source(failure: &aws_smithy_runtime_api::client::result::DispatchFailure) -> &(dyn Error + 'static) {
    failure.as_connector_error().map_or(&Unknown, |e| e)
}

#[derive(Debug, thiserror::Error)]
#[error("no connection")]
struct Unknown;

/// What an error code means. Codes: EC2 and Auto Scaling "common errors", Elastic Load Balancing v2, Route 53 and CloudWatch API
/// references; where a code is new, the HTTP status decides.
pub(super) fn kind(code: &str, status: u16) -> FaultKind {
    const UNAUTHENTICATED: &[&str] = &[
        "Blocked",
        "OptInRequired",
        "PendingVerification",
        "IncompleteSignature",
        "InvalidSignature",
        "MissingAuthenticationToken",
        "RequestTimeTooSkewed",
    ];
    const REFUSED: &[&str] = &["AccessDenied", "UnauthorizedOperation", "UnauthorizedAccess", "NotAuthorized"];
    const THROTTLED: &[&str] = &[
        "RequestLimitExceeded",
        "Throttling",
        "Throttled",
        "RequestThrottled",
        "TooManyRequests",
        "SlowDown",
        "EC2Throttled",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "LimitExceeded",
        "RateExceeded",
    ];
    let name = code.strip_suffix("Exception").unwrap_or(code);
    if spent(code) || UNAUTHENTICATED.contains(&name) {
        FaultKind::Unauthenticated
    } else if REFUSED.contains(&name) {
        FaultKind::Refused
    } else if THROTTLED.contains(&name) || status == 429 {
        FaultKind::Throttled
    } else if name.ends_with("NotFound") || name.starts_with("NoSuch") {
        FaultKind::NotFound
    } else if name.starts_with("RequestTimeout") || status == 408 || status == 504 {
        FaultKind::TimedOut
    } else if status >= 500 {
        FaultKind::Unreachable
    } else if matches!(status, 401 | 403) {
        FaultKind::Refused
    } else if status == 404 {
        FaultKind::NotFound
    } else {
        FaultKind::Unsupported
    }
}

/// Codes that other or renewed credentials would not cause.
pub(super) fn spent(code: &str) -> bool {
    const SPENT: &[&str] = &[
        "ExpiredToken",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClient",
        "AuthFailure",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
        "TokenRefreshRequired",
    ];
    SPENT.contains(&code.strip_suffix("Exception").unwrap_or(code))
}

/// An error of this type in the chain of causes.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|e| e.downcast_ref())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn Error + 'static)| (*e).source())
}

/// All causes in one line, without repeating the text of the one before.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut out = String::new();
    for cause in causes(error) {
        let words = cause.to_string();
        if !out.contains(&words) {
            if !out.is_empty() {
                out.push_str(": ");
            }
            out.push_str(&words);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_kinds() {
        for (code, status, expected) in [
            ("UnauthorizedOperation", 403, FaultKind::Refused),
            ("AccessDeniedException", 400, FaultKind::Refused),
            ("ExpiredToken", 400, FaultKind::Unauthenticated),
            ("ExpiredTokenException", 403, FaultKind::Unauthenticated),
            ("RequestExpired", 400, FaultKind::Unauthenticated),
            ("SomethingNew", 403, FaultKind::Refused),
            ("SignatureDoesNotMatch", 403, FaultKind::Unauthenticated),
            ("OptInRequired", 403, FaultKind::Unauthenticated),
            ("RequestLimitExceeded", 503, FaultKind::Throttled),
            ("Throttling", 400, FaultKind::Throttled),
            ("TooManyRequestsException", 400, FaultKind::Throttled),
            ("SomethingNew", 429, FaultKind::Throttled),
            ("PriorRequestNotComplete", 400, FaultKind::Throttled),
            ("NoSuchHostedZone", 404, FaultKind::NotFound),
            ("TargetGroupNotFound", 400, FaultKind::NotFound),
            ("InvalidInstanceID.NotFound", 400, FaultKind::NotFound),
            ("InternalError", 500, FaultKind::Unreachable),
            ("ServiceUnavailable", 503, FaultKind::Unreachable),
            ("RequestTimeout", 408, FaultKind::TimedOut),
            ("InvalidParameterValue", 400, FaultKind::Unsupported),
        ] {
            assert_eq!(kind(code, status), expected, "{code} {status}");
        }
    }

    #[test]
    fn a_servers_own_no_is_definite_and_its_own_trouble_is_not() {
        for (code, status, expected) in [
            ("InvalidChangeBatch", 400, Reply::Mismatch),
            ("PriorRequestNotComplete", 400, Reply::Refused),
            ("NoSuchHostedZone", 404, Reply::Refused),
            ("Throttling", 400, Reply::Refused),
            ("ThrottlingException", 400, Reply::Refused),
            ("RequestLimitExceeded", 503, Reply::Refused),
            ("EC2ThrottledException", 503, Reply::Refused),
            ("AccessDenied", 403, Reply::Refused),
            ("UnauthorizedOperation", 403, Reply::Refused),
            ("ExpiredToken", 403, Reply::Refused),
            ("ValidationError", 400, Reply::Refused),
            ("ScalingActivityInProgress", 400, Reply::Refused),
            ("IncorrectInstanceState", 400, Reply::Refused),
            ("TargetGroupNotFound", 400, Reply::Refused),
            ("InternalFailure", 500, Reply::Indeterminate),
            ("InternalError", 400, Reply::Indeterminate),
            ("ServiceUnavailable", 503, Reply::Indeterminate),
            ("Unavailable", 503, Reply::Indeterminate),
            ("RequestTimeout", 400, Reply::Indeterminate),
            ("SomethingNew", 502, Reply::Indeterminate),
            ("SomethingNew", 302, Reply::Indeterminate),
        ] {
            assert_eq!(verdict(code, status), expected, "{code} {status}");
        }
    }

    #[test]
    fn only_credential_faults_make_credentials_be_read_anew() {
        assert!(spent("ExpiredTokenException"));
        assert!(spent("InvalidClientTokenId"));
        assert!(!spent("UnauthorizedOperation"), "the identity is fine, its permissions are not");
        assert!(!spent("RequestLimitExceeded"));
    }
}
