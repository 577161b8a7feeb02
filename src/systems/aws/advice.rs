//! The advice for the operator where AWS does not accept the identity: each cause has its own text.
//!
//! The decision uses error codes, the answer's own `Date` header and the profile's entry in the shared configuration, never a message's
//! text.

use aws_config::profile::{self, ProfileSet};
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};
use jiff::{SignedDuration, Timestamp};

use base::observed::{Fault, FaultKind};

/// Signatures are valid for five minutes around their time. Source: AWS General Reference, "Signature Version 4", "clock skew".
const SKEW: SignedDuration = SignedDuration::from_mins(4);

/// The advice for an error code that says that the identity is unknown, expired or not permitted. `date` is the answer's header.
pub(super) fn of_code(code: &str, kind: FaultKind, date: Option<&str>, now: Timestamp) -> Option<String> {
    let name = code.strip_suffix("Exception").unwrap_or(code);
    if kind == FaultKind::Unauthenticated
        && let Some(off) = off_by(date, now)
    {
        let by = base::now::short(off.unsigned_abs());
        let way = if off.is_positive() { "ahead of" } else { "behind" };
        return Some(format!(
            "this machine's clock is {by} {way} the server's, and signatures carry the time: set it (NTP)"
        ));
    }
    let words = match name {
        "OptInRequired" => {
            "the account has not enabled this region, or not signed up for this service: aws account enable-region --region-name REGION"
        }
        "AuthFailure" | "InvalidClientTokenId" | "UnrecognizedClient" | "InvalidAccessKeyId" | "InvalidToken" => {
            "these keys are not known here: deleted, inactive, of another partition, or the account has not enabled this region \
             (aws account get-region-opt-status --region-name REGION)"
        }
        "ExpiredToken" | "TokenRefreshRequired" => {
            "the temporary keys have expired: sign in again, or renew them where the plan refers to them"
        }
        "RequestExpired" | "RequestTimeTooSkewed" => {
            "the request was too old when it arrived: a clock that is wrong, or a link that holds requests back"
        }
        "SignatureDoesNotMatch" | "InvalidSignature" | "IncompleteSignature" => {
            "the secret key is not the one of this access key, or something in between changes requests"
        }
        "MissingAuthenticationToken" => "the request came without a signature: something in between changes requests",
        "Blocked" | "PendingVerification" => "AWS has blocked this account or still verifies it: ask AWS Support",
        _ if kind == FaultKind::Refused => {
            "grant this permission to the identity in the plan (docs/iam-watch.json has all for watching, docs/iam-operate.json for changing)"
        }
        _ => return None,
    };
    let renewed = if super::fault::spent(code) { "; they are read again before the next attempt" } else { "" };
    Some(format!("{words}{renewed}"))
}

/// How far this machine's clock is ahead of the server's, where that is too much for a signature.
fn off_by(date: Option<&str>, now: Timestamp) -> Option<SignedDuration> {
    let server = jiff::fmt::rfc2822::parse(date?).ok()?.timestamp();
    let off = now.duration_since(server);
    (off.abs() > SKEW).then_some(off)
}

/// The fault of a role that could not be assumed.
pub(super) fn of_role(fault: Fault, role: &str) -> Fault {
    if fault.kind != FaultKind::Refused {
        return fault;
    }
    let text = format!(
        "{}; the identity needs sts:AssumeRole on {role}, and the role's trust policy has to name the identity; where that asks for MFA, put the keys of \
         `aws sts get-session-token --serial-number MFA --token-code CODE` into the plan's references",
        fault.text
    );
    Fault::new(fault.kind, text)
}

/// The advice where there are no credentials at all.
pub(super) async fn of_sign_in(profile: Option<&str>, error: &CredentialsError) -> String {
    if matches!(error, CredentialsError::ProviderTimedOut(_)) {
        return "the credential provider does not answer: check the network, or the instance's metadata service"
            .to_owned();
    }
    let selected = profile.map(|name| name.to_owned().into());
    match profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), selected).await {
        Ok(profiles) => of_profile(&profiles, profile),
        Err(_) => "fix the shared configuration (~/.aws/config, ~/.aws/credentials)".to_owned(),
    }
}

/// The longest chain of profiles that take their keys from another profile that is followed.
const FOLLOWED: usize = 8;

/// The advice from the shared configuration of the profile, and of those that it takes its keys from.
fn of_profile(profiles: &ProfileSet, asked: Option<&str>) -> String {
    let mut name = asked.unwrap_or_else(|| profiles.selected_profile());
    for _ in 0..FOLLOWED {
        let Some(profile) = profiles.get_profile(name) else { break };
        if profile.get("sso_session").is_some() || profile.get("sso_start_url").is_some() {
            return format!("its single sign-on has ended or was never made: aws sso login --profile {name}");
        }
        if let Some(device) = profile.get("mfa_serial") {
            return format!(
                "profile {name} asks for a code of {device}, which nobody can type here: put the keys of `aws sts get-session-token \
                 --serial-number {device} --token-code CODE` into a profile or the plan's references"
            );
        }
        match profile.get("source_profile") {
            Some(source) if source != name => name = source,
            _ => break,
        }
    }
    let known: Vec<_> = profiles.profiles().collect();
    match asked {
        Some(asked) if profiles.get_profile(asked).is_none() => match known.as_slice() {
            [] => format!("there is no profile {asked}, and no other: aws configure --profile {asked}"),
            _ => format!("there is no profile {asked}; there are: {}", known.join(", ")),
        },
        Some(asked) => format!("profile {asked} has no keys that can be used: aws configure --profile {asked}"),
        None => "give the plan `profile = …`, or `access_key` and `secret_key`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of_config(config: &'static str, asked: Option<&str>) -> String {
        let files = Fs::from_slice(&[("config", config)]);
        let env = Env::from_slice(&[("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "none")]);
        let selected = asked.map(|name| name.to_owned().into());
        let profiles = profile::load(&files, &env, &EnvConfigFiles::default(), selected).await.expect("it parses");
        of_profile(&profiles, asked)
    }

    #[tokio::test]
    async fn each_cause_of_no_credentials_has_its_own_words() {
        const CONFIG: &str = "[profile own]\nregion = eu-west-1\n[profile sso]\nsso_session = corp\nsso_account_id = 1\n\
            [sso-session corp]\nsso_start_url = https://x\nsso_region = eu-west-1\n[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = sso\n\
            [profile mfa]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = own\nmfa_serial = arn:aws:iam::1:mfa/x\n\
            [profile loop]\nsource_profile = pool\n[profile pool]\nsource_profile = loop\n";
        for (asked, words) in [
            (Some("sso"), "aws sso login --profile sso"),
            (Some("role"), "aws sso login --profile sso"),
            (Some("mfa"), "asks for a code of arn:aws:iam::1:mfa/x"),
            (Some("own"), "has no keys that can be used: aws configure --profile own"),
            (Some("loop"), "has no keys that can be used"),
            (Some("onw"), "there is no profile onw; there are: "),
            (None, "give the plan `profile = …`"),
        ] {
            let detail = of_config(CONFIG, asked).await;
            assert!(detail.contains(words), "{asked:?}: {detail}");
        }
        assert_eq!(of_config("", Some("x")).await, "there is no profile x, and no other: aws configure --profile x");
    }

    #[test]
    fn a_clock_that_is_wrong_is_reported_before_keys_are_blamed() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().expect("a time");
        let detail = |date, code, kind| of_code(code, kind, date, now).expect("advice");
        let wrong = detail(Some("Thu, 01 Jan 2026 11:40:00 GMT"), "SignatureDoesNotMatch", FaultKind::Unauthenticated);
        assert!(wrong.contains("clock is 20m") && wrong.contains("ahead of"), "{wrong}");
        let behind = detail(Some("Thu, 01 Jan 2026 12:10:00 GMT"), "AuthFailure", FaultKind::Unauthenticated);
        assert!(behind.contains("behind"), "{behind}");
        let right = detail(Some("Thu, 01 Jan 2026 12:00:20 GMT"), "SignatureDoesNotMatch", FaultKind::Unauthenticated);
        assert!(right.contains("not the one of this access key"), "{right}");
        let none = detail(Some("today"), "ExpiredToken", FaultKind::Unauthenticated);
        assert!(none.contains("have expired") && none.contains("read again"), "{none}");
    }

    #[test]
    fn only_a_permission_is_asked_to_be_granted() {
        let now = Timestamp::UNIX_EPOCH;
        for code in
            ["OptInRequired", "AuthFailure", "ExpiredTokenException", "InvalidClientTokenId", "PendingVerification"]
        {
            let kind = super::super::fault::kind(code, 400);
            let words = of_code(code, kind, None, now).expect("advice");
            assert!(!words.contains("grant"), "{code}: {words}");
        }
        let kind = super::super::fault::kind("AccessDenied", 403);
        assert!(of_code("AccessDenied", kind, None, now).expect("advice").contains("grant this permission"));
        assert_eq!(of_code("InternalError", FaultKind::Unreachable, None, now), None);
    }
}
