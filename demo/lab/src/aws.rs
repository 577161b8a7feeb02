//! The AWS endpoints: three moto processes (one for each side's region, and one for Route 53, which is global), filled
//! by plain form posts.
//!
//! moto keeps everything in memory, so a server that was stopped or killed is filled again when it is mended. Its
//! random numbers are seeded first, so that the same requests give the same ids.
//!
//! The lab itself serves CloudWatch's protocol, which moto does not support.

pub mod cloudwatch;
pub mod ec2;
pub mod route53;

use std::time::Duration;

use reqwest::{Client, Method};

use crate::error::{Doing, Error, Result};

/// A moto endpoint for one region.
#[derive(Debug, Clone)]
pub struct Endpoint {
    http: Client,
    port: u16,
    region: &'static str,
}

/// Parameters of a request in the Query protocol.
pub type Form = Vec<(String, String)>;

/// Makes a form from pairs.
#[must_use]
pub fn form<const N: usize>(pairs: [(&str, String); N]) -> Form {
    pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

impl Endpoint {
    /// The moto on this port, for requests to `region`.
    ///
    /// # Errors
    /// If no HTTP client can be created.
    pub fn new(port: u16, region: &'static str) -> Result<Self> {
        let http = Client::builder()
            .timeout(Duration::from_secs(60))
            .no_proxy()
            .build()
            .doing(|| "making an HTTP client".to_owned())?;
        Ok(Self { http, port, region })
    }

    /// A call in the Query protocol; returns the XML answer.
    ///
    /// # Errors
    /// If it is unreachable, or for any status but 2xx, with the service's own message.
    pub async fn call(&self, service: &str, version: &str, action: &str, parameters: Form) -> Result<String> {
        let mut form = parameters;
        form.push(("Action".to_owned(), action.to_owned()));
        form.push(("Version".to_owned(), version.to_owned()));
        let request = self.request(Method::POST, "/", service).form(&form);
        Self::answer(request, &format!("{action} of {} on port {}", self.region, self.port)).await
    }

    /// A call in the REST-XML protocol; returns the XML answer.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn rest(&self, method: Method, path: &str, service: &str, body: String) -> Result<String> {
        let what = format!("{method} {path} on port {}", self.port);
        let request = self.request(method, path, service).header("content-type", "application/xml").body(body);
        Self::answer(request, &what).await
    }

    /// Deletes everything and resets the seed, so that the ids are the same again.
    ///
    /// # Errors
    /// If it is unreachable.
    pub async fn reset(&self) -> Result<()> {
        for path in ["/moto-api/reset", "/moto-api/seed?a=20261121"] {
            self.rest(Method::POST, path, "ec2", String::new()).await?;
        }
        Ok(())
    }

    fn request(&self, method: Method, path: &str, service: &str) -> reqwest::RequestBuilder {
        // moto takes service and region from the credential scope and checks no signature.
        let scope = format!("lab/20260101/{}/{service}/aws4_request", self.region);
        self.http
            .request(method, format!("http://127.0.0.1:{}{path}", self.port))
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
    }

    async fn answer(request: reqwest::RequestBuilder, what: &str) -> Result<String> {
        let response = request.send().await.doing(|| what.to_owned())?;
        let status = response.status();
        let text = response.text().await.doing(|| what.to_owned())?;
        if status.is_success() { Ok(text) } else { Err(Error::new(what, format!("{status}: {text}"))) }
    }
}

/// The texts of all elements with this name, in order. Sufficient for moto's answers, where these elements are never
/// nested in themselves.
pub fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

/// The text of the first element with this name.
///
/// # Errors
/// If there is none.
pub fn element<'a>(xml: &'a str, name: &str) -> Result<&'a str> {
    elements(xml, name).into_iter().next().ok_or_else(|| Error::new(format!("looking for <{name}>"), xml))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_in_order_and_a_missing_one_is_an_error() {
        let xml = "<r><id>a</id><name>n</name><id>b</id></r>";
        assert_eq!(elements(xml, "id"), ["a", "b"]);
        assert!(element(xml, "zone").is_err());
    }
}
