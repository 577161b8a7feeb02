//! `landfall check --offline`: which secrets it opens, which it only checks for existence, and what CI must skip.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::lines_of;

/// A plan in which all credentials for writing have the secret `writing`, all others `reading`.
fn plan(reading: &str, writing: &str) -> String {
    format!(
        "schema = 1\nname = \"t\"\n[sites.source]\nlabel = \"A\"\nregion = \"eu-west-1\"\naccess_key = {reading}\nsecret_key = {reading}\n\
         write = {{ access_key = {writing}, secret_key = {writing} }}\n[sites.target]\nlabel = \"B\"\nregion = \"eu-north-1\"\n\
         [route53]\naccess_key = {reading}\nsecret_key = {reading}\nwrite = {{ access_key = {writing}, secret_key = {writing} }}\n\
         [[replica_set]]\nname = \"orders\"\nuri = \"mongodb://db-1.example.com:27017\"\nsource = {{ hosts = [\"db-*.example.com:27017\"] }}\ntarget = {{ hosts = [\"ore-*.example.com:27017\"] }}\n\
         login = {{ username = \"watch\", password = {reading} }}\nwrite_login = {{ username = \"operate\", password = {writing} }}\n"
    )
}

fn check(folder: &Path, text: &str, more: &[&str]) -> Output {
    let path = folder.join("plan.toml");
    std::fs::write(&path, text).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    command.args(["check", "--offline"]).args(more).arg(path).output().expect("it runs")
}

fn shown(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat()
}

/// A folder exists but cannot be read as a file: opening it fails.
#[test]
fn a_writing_secret_is_looked_for_and_never_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("read");
    std::fs::write(&file, "secret").expect("written");
    let at = |path: &Path| format!("{{ file = \"{}\" }}", path.display());
    let output = check(folder.path(), &plan(&at(&file), &at(folder.path())), &[]);
    assert!(output.status.success(), "{}", shown(&output));
    // The same for a reading secret: it is opened, which shows that this test can fail.
    let output = check(folder.path(), &plan(&at(folder.path()), &at(&file)), &[]);
    let lines_of = shown(&output);
    assert!(
        !output.status.success() && lines_of.contains("login.password") && lines_of.contains("route53.access_key"),
        "{lines_of}"
    );
    assert!(!lines_of.contains("write"), "{lines_of}");
}

#[test]
fn missing_secrets_are_told_and_can_be_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = plan("{ env = \"LANDFALL_TEST_NOT_SET\" }", "{ env = \"LANDFALL_TEST_NOT_SET_EITHER\" }");
    let output = check(folder.path(), &text, &[]);
    let lines_of = shown(&output);
    for whose in
        ["sites.source.access_key", "sites.source.write.secret_key", "write_login.password", "route53.write.access_key"]
    {
        assert!(!output.status.success() && lines_of.contains(whose), "{whose}: {lines_of}");
    }
    let output = check(folder.path(), &text, &["--no-secrets"]);
    assert!(output.status.success(), "{}", shown(&output));
    assert!(!shown(&output).contains("LANDFALL_TEST_NOT_SET"), "{}", shown(&output));
    // Faults of the plan itself are still reported.
    let output = check(folder.path(), &text.replace("eu-north-1", "north"), &["--no-secrets"]);
    assert!(!output.status.success(), "{}", shown(&output));
}

#[test]
fn a_gate_is_green_in_time_if_users_are_there_or_nobody_has_to_be() {
    let text = include_str!("../bad_plans/warn_gate_before_users.toml");
    let gate = "gates = [{ metric = \"health.query.value\", where = { query = \"errors\", side = \"target\" }, op = \"<=\", value = \"1%\" }]";
    assert!(text.contains(gate));
    let warned = |text: &str| lines_of("plan.toml", text).1.iter().filter(|d| d.code.word() == "never-green").count();
    assert_eq!(warned(text), 1, "of two rungs the first alone");
    let source = gate.replace("errors\", side = \"target", "errors\", side = \"source");
    for (why, other) in [
        (
            "what serves today is asked",
            source.replace("query = \"errors\"", "query = \"requests\"").replace("\"1%\"", "\"1/s\""),
        ),
        (
            "either that or nobody is there",
            format!(
                "gates = [{{ any = [{}, {{ metric = \"health.query.value\", where = {{ query = \"requests\", side = \"target\" }}, op = \"<\", value = \"1/s\" }}] }}]",
                &gate["gates = [".len()..gate.len() - 1]
            ),
        ),
    ] {
        let text = text.replace(gate, &other).replace("[[health]]\nname = \"requests\"", "[[health]]\nname = \"requests\"\nsource = { prometheus = \"https://metrics.vir.example.com\", expr = \"r\" }");
        let (plan, report) = lines_of("plan.toml", &text);
        assert!(plan.is_some(), "{why}: {report}");
        assert_eq!(warned(&text), 0, "{why}: {report}");
    }
}
