//! Signatures, by OpenSSH's `ssh-keygen -Y`. It works in new temporary folders, so that files that somebody put beside a message are neither
//! read nor written.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The namespace of signatures: one that was made for another purpose is not valid here.
pub const NAMESPACE: &str = "landfall";

/// The principal in the list of signers, which contains a single key. The name of the person is in the signed text, where any characters are
/// allowed.
const SIGNER: &str = "signer";

/// Why a text cannot be signed, or a signature cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is no temporary folder for `ssh-keygen`.
    #[error("no folder for its signature")]
    Folder(#[source] io::Error),
    /// Text and signature cannot be passed to `ssh-keygen`.
    #[error("text and signature cannot be passed to ssh-keygen")]
    Pass(#[source] io::Error),
    /// `ssh-keygen` cannot be run.
    #[error("ssh-keygen cannot be run (install OpenSSH's client)")]
    Missing(#[source] io::Error),
    /// `ssh-keygen` failed; it has printed the reason.
    #[error("the key {} did not sign", .0.display())]
    NoSignature(PathBuf),
    /// `ssh-keygen` succeeded, but its signature cannot be read.
    #[error("the signature by the key {} cannot be read", key.display())]
    Unread {
        /// The key.
        key: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Signs a text with a private key, or for a public key with the one that an agent holds.
///
/// # Errors
/// If the key cannot sign.
pub fn sign(text: &[u8], key: &Path) -> Result<Vec<u8>, SignatureError> {
    let own = folder()?;
    let message = own.path().join("message");
    fs::write(&message, text).map_err(SignatureError::Pass)?;
    let made = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", NAMESPACE, "-f"])
        .arg(key)
        .arg(&message)
        .stdout(Stdio::null())
        .status()
        .map_err(SignatureError::Missing)?;
    if !made.success() {
        return Err(SignatureError::NoSignature(key.to_owned()));
    }
    fs::read(own.path().join("message.sig")).map_err(|source| SignatureError::Unread { key: key.to_owned(), source })
}

/// The fingerprint of the key that signed a text; none if it was not this key.
///
/// # Errors
/// If that cannot be determined.
pub fn verify(text: &[u8], signature: &[u8], key: &str) -> Result<Option<String>, SignatureError> {
    let own = folder()?;
    let (signers, copy) = (own.path().join("signers"), own.path().join("signature"));
    fs::write(&copy, signature).map_err(SignatureError::Pass)?;
    fs::write(&signers, format!("{SIGNER} namespaces=\"{NAMESPACE}\" {key}\n")).map_err(SignatureError::Pass)?;
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-n", NAMESPACE, "-I", SIGNER, "-f"])
        .arg(signers)
        .arg("-s")
        .arg(copy)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(SignatureError::Missing)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text).map_err(SignatureError::Pass)?;
    }
    let out = child.wait_with_output().map_err(SignatureError::Pass)?;
    if !out.status.success() {
        return Ok(None);
    }
    // `Good "landfall" signature for signer with ED25519 key SHA256:…`
    let detail = String::from_utf8_lossy(&out.stdout);
    let print = detail.split_whitespace().find(|w| w.starts_with("SHA256:"));
    Ok(Some(print.unwrap_or("a key of the plan").to_owned()))
}

/// A folder that no other account can write: the checked files are the ones that were written.
fn folder() -> Result<tempfile::TempDir, SignatureError> {
    tempfile::tempdir().map_err(SignatureError::Folder)
}
