//! The format's table, the reader, the JSON Schema and the example agree.

use std::{collections::BTreeSet, path::Path};

use landfall::plan::{
    offline,
    schema::{self, json_schema},
    spec::{Kind, TableSpec, tables::ROOT},
};
use serde_json::Value;

use crate::{ALL_KEYS, lines_of};

#[test]
fn the_example_is_taken_without_a_warning_as_it_reads() {
    let (plan, warnings) =
        landfall::systems::load_plan(Path::new("docs/plan.example.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    assert!(warnings.is_empty(), "{warnings}");
    let shown = serde_json::to_string_pretty(&plan).expect("a plan is plain data");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../snapshots");
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("plan_example", shown));
}

#[test]
fn defaults_are_those_of_the_types() {
    let text = concat!(
        "schema = 1\nname = 'small'\n",
        "[sites.source]\nlabel = 'A'\nregion = 'us-east-1'\n[sites.target]\nlabel = 'B'\nregion = 'us-west-2'\n",
    );
    let (plan, report) = lines_of("small.toml", text);
    let plan = plan.unwrap_or_else(|| panic!("{report}"));
    assert!(report.is_empty());
    assert_eq!(plan.intervals, landfall::plan::Intervals::default());
    assert_eq!(plan.budgets.write_downtime.as_secs(), 5);
    assert!(plan.sites.source.access.write.is_none(), "a site is read only unless the plan says otherwise");
}

/// Every place in a document where the format's table has a key, as paths with their table headers.
fn places(
    spec: &'static TableSpec,
    toml: &toml::Table,
    at: &[Step],
    found: &mut Vec<(&'static str, &'static str, Vec<Step>)>,
) {
    for key in spec.keys() {
        let Some(value) = toml.get(key.name) else { continue };
        let mut path = at.to_vec();
        path.push(Step::Key(key.name));
        found.push((spec.header, key.name, path.clone()));
        within(&key.kind, value, &path, found);
    }
}

fn within(
    kind: &'static Kind,
    value: &toml::Value,
    path: &[Step],
    found: &mut Vec<(&'static str, &'static str, Vec<Step>)>,
) {
    let item = |i| [path, &[Step::Item(i)]].concat();
    match (kind, value) {
        (Kind::Shared(_, kind), value) => within(kind, value, path, found),
        (Kind::Table(inner), toml::Value::Table(t)) => places(inner, t, path, found),
        (Kind::OneOf(specs), toml::Value::Table(t)) => {
            let inner = specs.iter().find(|s| t.keys().all(|k| s.key(k).is_some())).expect("one of the forms");
            places(inner, t, path, found);
        }
        (Kind::Tables(inner), toml::Value::Array(items)) => {
            for (i, value) in items.iter().enumerate() {
                places(inner, value.as_table().expect("a table"), &item(i), found);
            }
        }
        (Kind::List(inner, _), toml::Value::Array(items)) => {
            for (i, value) in items.iter().enumerate() {
                within(inner, value, &item(i), found);
            }
        }
        _ => {}
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Key(&'static str),
    Item(usize),
}

fn remove(table: &mut toml::Table, path: &[Step]) {
    match path {
        [Step::Key(key)] => drop(table.remove(*key)),
        [Step::Key(key), Step::Item(i), rest @ ..] => {
            let item = table.get_mut(*key).and_then(|v| v.as_array_mut()).and_then(|a| a.get_mut(*i));
            remove(item.and_then(|v| v.as_table_mut()).expect("a table"), rest);
        }
        [Step::Key(key), rest @ ..] => {
            remove(table.get_mut(*key).and_then(|v| v.as_table_mut()).expect("a table"), rest);
        }
        _ => panic!("a path begins with a key"),
    }
}

fn every_key(spec: &'static TableSpec, found: &mut BTreeSet<(&'static str, &'static str)>) {
    for key in spec.keys().filter(|k| !matches!(k.kind, Kind::Reserved(_))) {
        // Gates can be nested.
        if found.insert((spec.header, key.name)) {
            every_key_of(&key.kind, found);
        }
    }
}

fn every_key_of(kind: &'static Kind, found: &mut BTreeSet<(&'static str, &'static str)>) {
    match kind {
        Kind::Table(inner) | Kind::Tables(inner) => every_key(inner, found),
        Kind::OneOf(specs) => specs.iter().for_each(|s| every_key(s, found)),
        Kind::List(inner, _) | Kind::Shared(_, inner) => every_key_of(inner, found),
        _ => {}
    }
}

#[test]
fn no_key_of_the_format_is_without_effect() {
    // A profile and keys exclude each other, and there is only one [route53].
    let by_profile =
        "profile = \"dns\"\nrole = \"arn:aws:iam::111111111111:role/dns\"\nexternal_id = { env = \"DNS_ID\" }\n";
    let by_key = "access_key = { env = \"A\" }\nsecret_key = { env = \"B\" }\nsession_token = { env = \"C\" }\n";
    assert!(ALL_KEYS.contains(by_profile));
    let mut written = BTreeSet::new();
    for text in [ALL_KEYS.to_owned(), ALL_KEYS.replace(by_profile, by_key)] {
        let (plan, report) = lines_of("all.toml", &text);
        assert!(report.is_empty(), "{report}");
        let whole = serde_json::to_value(plan.expect("taken")).expect("plain data");
        let document: toml::Table = text.parse().expect("TOML");
        let mut found = Vec::new();
        places(&ROOT, &document, &[], &mut found);
        for (header, key, path) in found {
            written.insert((header, key));
            let mut less = document.clone();
            remove(&mut less, &path);
            let (plan, _) = lines_of("less.toml", &toml::to_string(&less).expect("TOML"));
            let same = plan.is_some_and(|p| serde_json::to_value(p).expect("plain data") == whole);
            assert!(!same, "`{key}` in {header} makes no difference ({path:?})");
        }
    }
    let mut known = BTreeSet::new();
    every_key(&ROOT, &mut known);
    let absent: Vec<_> = known.symmetric_difference(&written).collect();
    assert!(absent.is_empty(), "not tried: {absent:?}");
}

/// Compares the schema with the table: the same keys, the same requirements.
fn compare(spec: &'static TableSpec, schema: &Value, whole: &Value) {
    let keys: BTreeSet<&str> = spec.keys().map(|k| k.name).collect();
    let properties = schema["properties"].as_object().expect("properties");
    assert_eq!(keys, properties.keys().map(String::as_str).collect(), "{}", spec.header);
    assert_eq!(schema["additionalProperties"], Value::Bool(false), "{}", spec.header);
    let required: BTreeSet<&str> =
        schema["required"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let needed = spec.keys().filter(|k| matches!(k.need, landfall::plan::spec::Need::Required));
    assert_eq!(required, needed.map(|k| k.name).collect(), "{}", spec.header);
    for key in spec.keys() {
        let inner = &properties[key.name];
        assert_eq!(inner["description"], key.doc);
        compare_kind(&key.kind, inner, whole);
    }
}

fn compare_kind(kind: &'static Kind, schema: &Value, whole: &Value) {
    match kind {
        Kind::Table(spec) => compare(spec, schema, whole),
        Kind::Tables(spec) => compare(spec, &schema["items"], whole),
        Kind::OneOf(specs) => {
            for (spec, schema) in specs.iter().zip(schema["oneOf"].as_array().expect("forms")) {
                compare(spec, schema, whole);
            }
        }
        Kind::List(inner, _) => compare_kind(inner, &schema["items"], whole),
        // The test checks its content once, because it can be recursive.
        Kind::Shared(name, _) => {
            assert_eq!(schema["$ref"], format!("#/$defs/{name}"));
            assert!(whole["$defs"][name].is_object());
        }
        _ => {}
    }
}

/// Every kind that the schema defines once.
fn shared(spec: &'static TableSpec, found: &mut Vec<(&'static str, &'static Kind)>) {
    fn of(kind: &'static Kind, found: &mut Vec<(&'static str, &'static Kind)>) {
        match kind {
            Kind::Table(spec) | Kind::Tables(spec) => shared(spec, found),
            Kind::OneOf(specs) => specs.iter().for_each(|s| shared(s, found)),
            Kind::List(inner, _) => of(inner, found),
            Kind::Shared(name, inner) if !found.iter().any(|(n, _)| n == name) => {
                found.push((name, inner));
                of(inner, found);
            }
            _ => {}
        }
    }
    spec.keys().for_each(|key| of(&key.kind, found));
}

#[test]
fn the_json_schema_lists_the_keys_of_the_format_exactly() {
    let read: Value = serde_json::from_str(&schema::text()).expect("JSON");
    assert_eq!(read, json_schema());
    compare(&ROOT, &read, &read);
    let mut once = Vec::new();
    shared(&ROOT, &mut once);
    assert_eq!(once.len(), read["$defs"].as_object().expect("definitions").len());
    for (name, kind) in once {
        compare_kind(kind, &read["$defs"][name], &read);
    }
    assert_eq!(read["properties"]["intervals"]["properties"]["mongo"]["default"], "2s");
    assert_eq!(read["properties"]["schema"]["const"], 1);
}

#[test]
fn the_offline_check_names_secrets_that_are_not_there() {
    let checked = offline::check(Path::new("docs/plan.example.toml"), true, &landfall::systems::catalog())
        .unwrap_or_else(|faulty| panic!("{faulty}"));
    assert!(!checked.is_sound());
    let shown = checked.render(false);
    let shown = shown.text();
    for expected in ["replica_set orders: write_login.password", "LANDFALL_KAFKA_PASSWORD", "/run/secrets/landfall-ore"]
    {
        assert!(shown.contains(expected), "{expected}:\n{shown}");
    }
}
