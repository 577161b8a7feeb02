//! The certificate authorities that HTTPS trusts: those of the machine, or for AWS those that `AWS_CA_BUNDLE` names.
//!
//! They are checked before any client is made: without them the TLS libraries panic, or cannot build a client. Missing authorities are a
//! fault of the queries over HTTPS; a server that the plan reaches over plain HTTP is queried as usual.

use std::{path::Path, sync::LazyLock};

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use base::observed::{Fault, FaultKind};

/// The AWS CLI's and SDKs' variable: a PEM file of the authorities that are trusted *instead of* the machine's.
/// Source: AWS CLI user guide, "Environment variables", `AWS_CA_BUNDLE`.
const BUNDLE: &str = "AWS_CA_BUNDLE";

const ADVICE: &str =
    "install them (Debian, Ubuntu: apt-get install ca-certificates), or name a PEM file in SSL_CERT_FILE";

/// The fault of the machine's own certificate authorities. Read once.
static MACHINE: LazyLock<Option<Fault>> = LazyLock::new(|| {
    let found = rustls_native_certs::load_native_certs();
    let (usable, _) = RootCertStore::empty().add_parsable_certificates(found.certs);
    if usable > 0 {
        return None;
    }
    let why = found.errors.first().map_or_else(String::new, |e| format!(" ({e})"));
    let text = format!("no HTTPS: this machine has no certificate authorities{why}; {ADVICE}");
    Some(Fault::new(FaultKind::Unsupported, text))
});

/// Why no HTTPS request is possible with the machine's own certificate authorities; none where it is possible.
pub fn missing() -> Option<&'static Fault> {
    MACHINE.as_ref()
}

/// The authorities that AWS clients trust. If there are none: a context that trusts nobody, and the fault of every query over HTTPS.
pub(super) fn of_aws() -> (TlsContext, Option<Fault>) {
    let bundle = std::env::var_os(BUNDLE).filter(|path| !path.is_empty());
    let (store, fault) = match bundle {
        Some(path) => match bundle_of(Path::new(&path)) {
            Ok(pem) => (TrustStore::empty().with_pem_certificate(pem), None),
            Err(fault) => (TrustStore::empty(), Some(fault)),
        },
        None => match missing() {
            None => (TrustStore::default(), None),
            Some(fault) => (TrustStore::empty(), Some(fault.clone())),
        },
    };
    match TlsContext::builder().with_trust_store(store).build() {
        Ok(context) => (context, fault),
        Err(e) => {
            let own = Fault::new(FaultKind::Unsupported, format!("no HTTPS: {e}"));
            (TlsContext::default(), Some(fault.unwrap_or(own)))
        }
    }
}

/// A bundle in which every certificate is usable: the SDK panics at one that is not.
pub(super) fn bundle_of(path: &Path) -> Result<Vec<u8>, Fault> {
    let fault = |kind, words: String| {
        Fault::new(kind, format!("no HTTPS: {BUNDLE}={}: {words}; repair the file, or unset {BUNDLE}", path.display()))
    };
    let pem = std::fs::read(path).map_err(|e| fault(FaultKind::NotFound, e.to_string()))?;
    let mut roots = RootCertStore::empty();
    for (i, certificate) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let unusable = |e: &dyn std::fmt::Display| fault(FaultKind::Malformed, format!("certificate {}: {e}", i + 1));
        roots.add(certificate.map_err(|e| unusable(&e))?).map_err(|e| unusable(&e))?;
    }
    if roots.is_empty() {
        return Err(fault(FaultKind::Malformed, "no certificate in it".to_owned()));
    }
    Ok(pem)
}
