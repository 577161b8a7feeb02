//! The plan's format as JSON Schema (draft 2020-12), for editors. Made from [`super::spec`], never written by hand.

use serde_json::{Map, Value, json};

use super::spec::{Kind, Need, TableSpec, runbook::is_ladder, tables::ROOT};

/// The schema of plan files.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("landfall plan"));
    let mut shared = Map::new();
    schema.extend(table(&ROOT, false, &mut shared));
    schema.insert("$defs".to_owned(), Value::Object(shared));
    Value::Object(schema)
}

/// The schema as text, as `landfall schema` prints it.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", json_schema())
}

/// A table. Within a ladder, a `${name}` may replace any single value.
fn table(spec: &TableSpec, ladder: bool, shared: &mut Map<String, Value>) -> Map<String, Value> {
    let ladder = ladder || is_ladder(spec);
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in spec.keys() {
        let mut schema = kind(&key.kind, ladder, shared);
        schema.insert("description".to_owned(), json!(key.doc));
        match key.need {
            Need::Required => required.push(json!(key.name)),
            Need::Default(toml) => drop(default(toml).map(|value| schema.insert("default".to_owned(), value))),
            Need::Optional => {}
        }
        properties.insert(key.name.to_owned(), Value::Object(schema));
    }
    object(json!({
        "type": "object",
        "description": spec.doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    }))
}

fn kind(kind: &Kind, ladder: bool, shared: &mut Map<String, Value>) -> Map<String, Value> {
    let one_value = matches!(kind, Kind::Integer(..) | Kind::Bool | Kind::Form(_) | Kind::Enum(_) | Kind::Duration(..));
    if ladder && one_value {
        let replaced = json!({ "type": "string", "pattern": r"\$\{[a-z_][a-z0-9_]*\}" });
        return object(json!({ "anyOf": [self::kind(kind, false, shared), replaced] }));
    }
    object(match kind {
        Kind::Text(min, max) => json!({ "type": "string", "minLength": min, "maxLength": max }),
        Kind::Block | Kind::Pattern | Kind::Address(_) => json!({ "type": "string", "minLength": 1 }),
        Kind::Form(form) => json!({ "type": "string", "pattern": form.pattern, "examples": [form.example] }),
        Kind::Enum(words) => json!({ "enum": words }),
        Kind::Secret => secret(),
        Kind::Property => {
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }, { "type": "boolean" }, secret()] })
        }
        Kind::Duration(..) => {
            json!({ "type": "string", "pattern": "^[0-9].*[a-zµ]$", "examples": ["500ms", "2s", "1h30m"] })
        }
        Kind::Timestamp => json!({ "type": "string", "format": "date-time" }),
        Kind::Integer(min, max) if min == max => json!({ "const": min }),
        Kind::Integer(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Quantity => {
            json!({ "anyOf": [{ "type": "number" }, { "type": "boolean" }, { "type": "string", "minLength": 1 }] })
        }
        Kind::Number => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Kind::Url => json!({ "type": "string", "format": "uri", "pattern": "^https?://[^/@]" }),
        Kind::List(item, least) => {
            json!({ "type": "array", "items": self::kind(item, ladder, shared), "minItems": least })
        }
        Kind::OneOrMany(item) => {
            let one = self::kind(item, ladder, shared);
            json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
        }
        Kind::Map(item) => json!({ "type": "object", "additionalProperties": self::kind(item, ladder, shared) }),
        Kind::Table(spec) => return table(spec, ladder, shared),
        Kind::Tables(spec) => json!({ "type": "array", "items": table(spec, ladder, shared) }),
        Kind::OneOf(specs) => json!({ "oneOf": specs.iter().map(|s| table(s, ladder, shared)).collect::<Vec<_>>() }),
        Kind::Shared(name, kind) => {
            if !shared.contains_key(*name) {
                // The name is inserted first: the kind may contain itself. It may also be in a ladder.
                shared.insert((*name).to_owned(), Value::Null);
                let schema = Value::Object(self::kind(kind, true, shared));
                shared.insert((*name).to_owned(), schema);
            }
            json!({ "$ref": format!("#/$defs/{name}") })
        }
        Kind::Reserved(why) => json!({ "not": {}, "$comment": why }),
    })
}

fn secret() -> Value {
    let reference = |key: &str, pattern: &str| {
        json!({
            "type": "object",
            "properties": { key: { "type": "string", "pattern": pattern } },
            "required": [key],
            "additionalProperties": false,
        })
    };
    json!({ "oneOf": [reference("env", "^[A-Za-z_][A-Za-z0-9_]*$"), reference("file", "[^ ]")] })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn default(toml: &str) -> Option<Value> {
    toml::from_str::<Map<String, Value>>(&format!("it = {toml}")).ok()?.remove("it")
}
