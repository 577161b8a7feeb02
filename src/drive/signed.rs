//! Signatures, by OpenSSH's own `ssh-keygen -Y`: in folders of our own, so that nothing that somebody put beside a message is read or written.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// What signatures are made for: one made for something else does not count here.
pub const NAMESPACE: &str = "landfall";

/// Whom a list of signers names: there is only one key in it. A person's name is in what is signed, where it may have any letters.
const SIGNER: &str = "signer";

/// Signs a text with a private key, or with the agent's for a public one.
///
/// # Errors
/// If the key cannot sign.
pub fn sign(text: &[u8], key: &Path) -> Result<Vec<u8>, String> {
    let own = folder()?;
    let message = own.path().join("message");
    fs::write(&message, text).map_err(|e| e.to_string())?;
    let made = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", NAMESPACE, "-f"])
        .arg(key)
        .arg(&message)
        .stdout(Stdio::null())
        .status()
        .map_err(|e| missing(&e))?;
    if !made.success() {
        return Err(format!("the key {} did not sign", key.display()));
    }
    fs::read(own.path().join("message.sig")).map_err(|e| format!("the key {} did not sign: {e}", key.display()))
}

/// The fingerprint of the key that signed a text; none if it was not this key.
///
/// # Errors
/// If that cannot be found out.
pub fn verify(text: &[u8], signature: &[u8], key: &str) -> Result<Option<String>, String> {
    let own = folder()?;
    let (signers, copy) = (own.path().join("signers"), own.path().join("signature"));
    fs::write(&copy, signature).map_err(|e| e.to_string())?;
    fs::write(&signers, format!("{SIGNER} namespaces=\"{NAMESPACE}\" {key}\n")).map_err(|e| e.to_string())?;
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-n", NAMESPACE, "-I", SIGNER, "-f"])
        .arg(signers)
        .arg("-s")
        .arg(copy)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| missing(&e))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text).map_err(|e| e.to_string())?;
    }
    let out = child.wait_with_output().map_err(|e| e.to_string())?;
    if !out.status.success() {
        return Ok(None);
    }
    // `Good "landfall" signature for signer with ED25519 key SHA256:…`
    let detail = String::from_utf8_lossy(&out.stdout);
    let print = detail.split_whitespace().find(|w| w.starts_with("SHA256:"));
    Ok(Some(print.unwrap_or("a key of the plan").to_owned()))
}

/// A folder that nobody else can write: what is checked is what was read.
fn folder() -> Result<tempfile::TempDir, String> {
    tempfile::tempdir().map_err(|e| format!("no folder for its signature: {e}"))
}

fn missing(e: &std::io::Error) -> String {
    format!("ssh-keygen cannot be run ({e}): install OpenSSH's client")
}
