//! Plan files as the operator meets them: the example, and what is said of bad ones.

use std::path::Path;

use landfall::plan::Plan;

#[test]
fn the_example_parses_without_a_warning() {
    let path = Path::new("docs/plan.example.toml");
    let (plan, warnings) = Plan::load(path).unwrap_or_else(|faulty| panic!("{faulty}"));
    assert!(warnings.is_empty(), "{warnings}");
    assert_eq!(plan.name, "us-east-1 to us-west-2");
}
