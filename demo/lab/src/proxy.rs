//! A proxy before an AWS endpoint that counts requests by service and operation, and can delay or refuse answers.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use reqwest::Client;
use tokio::{net::TcpListener, sync::oneshot, time::sleep};

use crate::error::{Doing, Result};

/// Number of requests by operation: `ec2 DescribeInstances`, `route53 GET /2013-04-01/hostedzone/ID/rrset`.
pub type Counts = BTreeMap<String, u32>;

/// How requests are handled after counting.
#[derive(Debug, Clone, Default)]
pub enum Manner {
    /// It is passed on.
    #[default]
    Pass,
    /// It is passed on with this delay.
    Late(Duration),
    /// It is passed on at once, and its answer is held back for this time.
    LateAnswer(Duration),
    /// It is never answered.
    Silent,
    /// It is answered with this status and this body.
    Refuse(u16, String),
}

/// A request that changes something if it is executed.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its operation, as counted.
    pub what: String,
    /// Its body.
    pub body: String,
    /// Status of the server's answer, even if the client had gone; `None`: no answer, or not passed on.
    pub status: Option<u16>,
}

#[derive(Debug, Default)]
struct Shared {
    counts: Counts,
    changes: Vec<Asked>,
    manner: Manner,
}

#[derive(Debug, Clone)]
struct Proxied {
    server: u16,
    http: Client,
    shared: Arc<Mutex<Shared>>,
}

/// A running proxy. Ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    _end: oneshot::Sender<()>,
}

impl Proxy {
    /// Starts a proxy, on its own thread, before this port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port is free.
    pub fn start(server: u16) -> Result<Self> {
        let doing = || format!("starting a proxy in front of port {server}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing(doing)?;
        let http = Client::builder().no_proxy().build().doing(doing)?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).doing(doing)?;
        let port = listener.local_addr().doing(doing)?.port();
        let shared = Arc::new(Mutex::default());
        let app = Router::new().fallback(relay).with_state(Proxied { server, http, shared: Arc::clone(&shared) });
        let (end, ended) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = axum::serve(listener, app) => {}
                    _ = ended => {}
                }
            });
        });
        Ok(Self { port, shared, _end: end })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Handles requests in this way from now on.
    pub fn set(&self, manner: Manner) {
        held(&self.shared).manner = manner;
    }

    /// All requests that are not reads.
    #[must_use]
    pub fn changes(&self) -> Vec<Asked> {
        held(&self.shared).changes.clone()
    }

    /// The counts since the last take.
    #[must_use]
    pub fn take(&self) -> Counts {
        std::mem::take(&mut held(&self.shared).counts)
    }
}

fn held(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn relay(State(to): State<Proxied>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let (manner, change) = {
        let mut shared = held(&to.shared);
        let what = what(&method, &uri, &headers, &body);
        let change = changes(&method, &what).then(|| {
            let body = String::from_utf8_lossy(&body).into_owned();
            shared.changes.push(Asked { what: what.clone(), body, status: None });
            shared.changes.len() - 1
        });
        *shared.counts.entry(what).or_default() += 1;
        (shared.manner.clone(), change)
    };
    match manner {
        Manner::Pass | Manner::LateAnswer(_) => {}
        Manner::Late(wait) => sleep(wait).await,
        Manner::Silent => std::future::pending().await,
        Manner::Refuse(status, text) => {
            return (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), text).into_response();
        }
    }
    // A separate task: a request that has begun continues when the client has gone, as with a server.
    let passed = tokio::spawn(async move {
        let answer = pass(&to, method, &uri, headers, body).await;
        if let (Some(at), Ok(answer)) = (change, &answer) {
            held(&to.shared).changes[at].status = Some(answer.status().as_u16());
        }
        answer
    });
    let refused = |why: String| (StatusCode::BAD_GATEWAY, why).into_response();
    let answered = passed.await;
    if let Manner::LateAnswer(wait) = manner {
        sleep(wait).await;
    }
    match answered {
        Ok(answer) => answer.unwrap_or_else(|why| refused(why.to_string())),
        Err(why) => refused(why.to_string()),
    }
}

/// Whether it is not a read: names of AWS's read operations begin with these words, or are GETs.
fn changes(method: &Method, what: &str) -> bool {
    let operation = what.rsplit(' ').next().unwrap_or_default();
    let reads = ["Describe", "Get", "List"].iter().any(|word| operation.starts_with(word));
    *method != Method::GET && !reads
}

async fn pass(to: &Proxied, method: Method, uri: &Uri, mut headers: HeaderMap, body: Bytes) -> Result<Response> {
    let target = uri.path_and_query().map_or("/", |path| path.as_str());
    let doing = || format!("passing {method} {target} on");
    // These belong to the connection, not to the request.
    for own in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION, header::TRANSFER_ENCODING] {
        headers.remove(own);
    }
    let url = format!("http://127.0.0.1:{}{target}", to.server);
    let answer = to.http.request(method.clone(), url).headers(headers).body(body).send().await.doing(doing)?;
    let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
    let body = answer.bytes().await.doing(doing)?;
    let mut response = (status, body).into_response();
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}

/// The operation for counting: that of a Query or RPC request, else method and path.
fn what(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> String {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let service = authorization.split('/').nth(3).unwrap_or("?");
    let body = std::str::from_utf8(body).unwrap_or_default();
    let action = body.split('&').find_map(|field| field.strip_prefix("Action="));
    match action.or_else(|| uri.path().split("/operation/").nth(1)) {
        Some(operation) => format!("{service} {operation}"),
        None => format!("{service} {method} {}", uri.path()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_by_its_operation_or_its_path() {
        let mut headers = HeaderMap::new();
        let scope = "AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/ec2/aws4_request";
        headers.insert("authorization", scope.parse().unwrap());
        let name = |path: &str, body: &str| what(&Method::POST, &path.parse().unwrap(), &headers, body.as_bytes());
        assert_eq!(name("/", "MaxResults=5&Action=DescribeImages&Version=1"), "ec2 DescribeImages");
        assert_eq!(name("/service/S/operation/GetMetricData", ""), "ec2 GetMetricData");
        assert_eq!(name("/2013-04-01/hostedzone/Z?x=1", ""), "ec2 POST /2013-04-01/hostedzone/Z");
        assert!(!changes(&Method::POST, "ec2 DescribeImages") && !changes(&Method::GET, "route53 GET /2013-04-01/x"));
        assert!(changes(&Method::POST, "ec2 StopInstances") && changes(&Method::POST, "route53 POST /2013-04-01/x"));
    }
}
