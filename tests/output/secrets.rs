//! A secret in a plan, or one that a server repeats, appears in nothing that is printed or stored.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::{
    patience::to_its_end,
    server::Server,
    stage::{Stage, health},
};

/// A new secret in every run, in three parts, so that a part of it is detected, too; between them characters that end
/// other parts of an address.
fn secret(between: [&str; 2]) -> (String, [String; 3]) {
    let part = || std::iter::repeat_with(fastrand::alphanumeric).take(14).collect::<String>();
    let parts = [part(), part(), part()];
    (format!("{}{}{}{}{}", parts[0], between[0], parts[1], between[1], parts[2]), parts)
}

/// Places where users put a secret by mistake; `@` is the secret.
const PLACES: [&str; 22] = [
    "uri = 'mongodb://joe:@@h1:27017/?replicaSet=orders'",
    "uri = 'mongodb+srv://joe:@@h1/'",
    "uri = 'mongodb:/joe:@@h1:27017'",
    "uri = 'joe:@@h1:27017'",
    "uri = 'mongodb://h1:27017/?replicaSet=orders&proxyHost=p&proxyUsername=u&proxyPassword=@'",
    "uri = 'mongodb://h1:27017?tlsCertificateKeyFilePassword=@'",
    "uri = 'mongodb://h1:27017/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:@'",
    "pasword = '@'",
    "pwd = '@'",
    "pass = '@'",
    "pw = '@'",
    "webhook = 'https://hooks.example.com/services/@'",
    "passwort = ['x', '@']",
    "hokuspokus = { a = [{ b = '@' }] }",
    "login = { username = 'joe', password = '@' }",
    "login = { username = 'joe', pasword = '@' }",
    "login = 'joe:@'",
    "password = \"\"\"\n@\"\"\"",
    "password = @",
    "password = '@",
    "[notify]\nwebhook = 'https://hooks.example.com/services/@'",
    "[[health]]\nname = 'x'\nkind = 'other'\nunit = 'count'\nsource = { prometheus = 'https://m.example.net/?token=@', expr = 'x' }",
];

fn plan(place: &str, secret: &str) -> String {
    let uri = if place.starts_with("uri") { "" } else { "uri = 'mongodb://h1:27017/?replicaSet=orders'" };
    let place = place.replacen('@', secret, 1);
    format!(
        "schema = 1\nname = \"p\"\n[sites.source]\nlabel = \"A\"\nregion = \"us-east-1\"\n[sites.target]\nlabel = \"B\"\nregion = \"us-west-2\"\n\
         [[replica_set]]\nname = \"orders\"\n{uri}\nsource = {{ hosts = [\"a*\"] }}\ntarget = {{ hosts = [\"b*\"] }}\n{place}\n"
    )
}

#[test]
fn a_secret_in_a_plan_is_refused_and_not_shown() {
    let mut amiss = Vec::new();
    for place in PLACES {
        for between in [["", ""], ["/", "?"], ["#", "/"], ["@", "%2F"]] {
            let (secret, parts) = secret(between);
            let stage = Stage::new("http://127.0.0.1:9");
            fs::write(stage.path("secret.toml"), plan(place, &secret)).expect("written");
            for args in [&["check", "--offline", "@secret.toml"][..], &["watch", "--plain", "@secret.toml"]] {
                let out = stage.run(args);
                let detail = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
                if out.status.code() != Some(2) {
                    amiss.push(format!("{place} {between:?}: taken"));
                }
                if parts.iter().any(|part| detail.contains(part)) {
                    amiss.push(format!("{place} {between:?}: shown\n{detail}"));
                }
            }
        }
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
}

#[test]
fn a_token_that_a_server_says_again_is_in_no_output_and_no_log() {
    let server = Server::start();
    let (token, _) = secret(["", ""]);
    let stage = Stage::new(&server.url());
    let bearer = health(&server.url()).replace("expr =", "bearer = { env = \"CANARY\" }, expr =");
    fs::write(stage.path("plan.toml"), bearer).expect("written");
    let with = |command: &mut Command| {
        let log = stage.path("log");
        command.env("CANARY", &token).env("LANDFALL_LOG", "trace").arg("--log").arg(&log);
        let out = to_its_end(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let detail = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        (detail, fs::read_to_string(log).unwrap_or_default())
    };
    for args in [
        &["check", "@plan.toml"][..],
        &["status", "@plan.toml", "--wait", "5"],
        &["status", "@plan.toml", "--wait", "5", "--json"],
    ] {
        let (detail, log) = with(&mut stage.command(args));
        assert!(!detail.contains(&token) && !log.contains(&token), "{args:?}:\n{detail}\n{log}");
        // Only then was there anything to redact.
        if cfg!(feature = "aws") {
            assert!(detail.contains("Bearer ***"), "{args:?}:\n{detail}");
        }
    }
}
