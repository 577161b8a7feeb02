//! The HTTP client of all AWS calls: the SDK's own, with a limit on the length of every answer, with what is not read of long lists left out,
//! and with certificate authorities that were checked first.

use std::sync::OnceLock;

use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::HttpRequest,
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    shared::IntoShared,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body::Frame;
use http_body_util::{BodyExt as _, Limited, StreamBody};

use super::{
    shortened::{self, List, Shortened},
    trust,
};
use base::observed::Fault;

/// The longest answer. A page of a thousand instances with fifty tags each is about 10 MB; an endless answer must not use up the memory of
/// the caller.
const LONGEST: usize = 32 << 20;

/// A client for one identity; does no I/O before the first request.
pub(super) fn client() -> SharedHttpClient {
    Client::default().into_shared()
}

#[derive(Debug, Default)]
struct Client(OnceLock<(SharedHttpClient, Option<Fault>)>);

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        // At the first request: reading the machine's certificates takes milliseconds, and the start must not wait for it.
        let (inner, no_https) = self.0.get_or_init(|| {
            let (context, no_https) = trust::of_aws();
            let tls = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context);
            (tls.build_https(), no_https)
        });
        // The SDK's client keeps its connectors, one for each set of settings.
        let inner = inner.http_connector(settings, parts);
        SharedHttpConnector::new(Bounded { inner, no_https: no_https.clone() })
    }
}

#[derive(Debug)]
struct Bounded {
    inner: SharedHttpConnector,
    no_https: Option<Fault>,
}

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Some(fault) = &self.no_https
            && request.uri().starts_with("https:")
        {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(fault.clone().into())));
        }
        let list = shortened::list(&request);
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            answer.await.map(|response| {
                response.map(|body| {
                    let body = Limited::new(body, LONGEST);
                    match list {
                        Some(list) => of_list(list, body),
                        None => SdkBody::from_body_1_x(body),
                    }
                })
            })
        })
    }
}

/// The answer with a list, as it comes, without what is not read of it.
fn of_list(list: &'static List, body: Limited<SdkBody>) -> SdkBody {
    let pieces = stream::unfold((body, Some(Shortened::new(list))), |(mut body, mut shortened)| async {
        let out = match body.frame().await {
            Some(Ok(frame)) => match (frame.into_data(), &mut shortened) {
                (Ok(piece), Some(shortened)) => Ok(shortened.take(&piece)),
                // Trailers: AWS sends none with a list.
                _ => Ok(Vec::new()),
            },
            Some(Err(error)) => Err(error),
            None => Ok(shortened.take()?.end()),
        };
        Some((out.map(|piece| Frame::data(Bytes::from(piece))), (body, shortened)))
    });
    // A body may be asked again after its end.
    SdkBody::from_body_1_x(StreamBody::new(pieces.fuse()))
}
