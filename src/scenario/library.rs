//! The scenarios that come with the program, and their plans.

use std::path::Path;

use super::Scenario;
use plan::{Faulty, Report};

/// The text of each, by name.
macro_rules! library {
    ($($kind:ident { $($name:literal),* $(,)? })+) => {
        $(const $kind: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../demo/", $name, ".toml")))),*];)+
    };
}

library! {
    PLANS { "plan", "small" }
    SCENARIOS {
        "move", "lagging", "lottery", "link-cut", "long-write", "lost-reply", "slow-consumer", "straggler", "duplicates", "served-share",
        "all-zero", "zero-weight", "never-healthy", "shrinking", "throttled", "stranger", "errors-rise", "blind-users", "dies", "dies-early", "back",
        "emergency",
    }
}

/// Their names; the first is the default.
pub fn names() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|(name, _)| *name)
}

/// A scenario by name.
#[must_use]
pub fn scenario(name: &str) -> Option<Result<(Scenario, Report), Faulty>> {
    let (name, text) = SCENARIOS.iter().find(|(known, _)| *known == name)?;
    let path = format!("demo/{name}.toml");
    Some(Scenario::parse(Path::new(&path), text, |plan| {
        let found = PLANS.iter().find(|(name, _)| plan.strip_suffix(".toml") == Some(name));
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }))
}
