//! A build without the live clients refuses what needs them, once and before anything is started, and does the rest.

use crate::stage::Stage;

/// What reaches for the servers of a plan.
const LIVE: &[&[&str]] = &[
    &["watch", "@all.toml"],
    &["watch", "--plain", "@all.toml"],
    &["watch", "@all.toml", "--follow", "@run.journal"],
    &["console", "@all.toml"],
    &["console", "@all.toml", "--journal", "@new.journal"],
    &["status", "@all.toml"],
    &["status", "--json", "@all.toml"],
    &["check", "@all.toml"],
];

#[test]
fn live_commands_are_refused_once_with_what_to_do() {
    let stage = Stage::new("http://127.0.0.1:9");
    assert_eq!(stage.run(&["init", "-o", "@all.toml"]).status.code(), Some(0));
    for args in LIVE {
        let out = stage.run(args);
        let errors = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{args:?}\n{errors}");
        assert_eq!(errors.matches("built without the clients").count(), 1, "{args:?}\n{errors}");
        for part in ["`mongo` (MongoDB)", "`kafka` (Kafka)", "`aws` (Fleet, DNS, Health)", "landfall demo"] {
            assert!(errors.contains(part), "{args:?}: {part}\n{errors}");
        }
        assert!(errors.contains("--features mongo,kafka,aws"), "{args:?}\n{errors}");
    }
    assert!(!stage.path("new.journal").exists(), "nothing was started");
}

#[test]
fn only_what_the_plan_needs_is_missing() {
    let stage = Stage::new("http://127.0.0.1:9");
    let out = stage.run(&["status", "@plan.toml"]);
    let errors = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(errors.contains("missing feature: `aws` (Health)") && !errors.contains("kafka"), "{errors}");
}

#[test]
fn what_needs_no_server_works() {
    let stage = Stage::new("http://127.0.0.1:9");
    for args in
        [&["check", "--offline", "@plan.toml"][..], &["demo", "--list"], &["demo", "--headless", "@scenario.toml"]]
    {
        let errors = String::from_utf8_lossy(&stage.run(args).stderr).into_owned();
        assert!(!errors.contains("built without"), "{args:?}\n{errors}");
    }
}
