//! Ladders: a step with `foreach` stands for several steps, one for each item of its lists, with `${name}` replaced in its texts.
//!
//! This is done before the format is checked, so that each rung is checked by the same rules as a step that was written out. Places in the
//! text are not changed: a fault of a rung points at the ladder.

use std::collections::HashSet;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    diag::{Code, Diagnosis, Faults, Span},
    scalar::quoted,
    spec::{Kind, TableSpec},
};

/// More rungs than this are a mistake.
const MOST: usize = 100;

/// The values of the names in one rung.
type Rung<'n, 't> = Vec<(&'n str, &'n DeValue<'t>)>;

/// The tables that a table with a valid `foreach`, or without any, stands for; none if a fault was reported.
pub(super) fn rungs<'t>(spec: &'static TableSpec, toml: &DeTable<'t>, faults: &mut Faults) -> Option<Vec<DeTable<'t>>> {
    let Some((key, node)) = toml.get_key_value("foreach") else {
        return bound(spec, toml, &Vec::new(), &mut HashSet::new(), faults).map(|it| vec![it]);
    };
    let lists: Vec<(&str, Span, Vec<&DeValue<'t>>)> = node
        .get_ref()
        .as_table()?
        .iter()
        .map(|(name, list)| {
            let items = list.get_ref().as_array()?.iter().map(Spanned::get_ref).collect();
            Some((&**name.get_ref(), name.span(), items))
        })
        .collect::<Option<_>>()?;
    let Some((first, _, items)) = lists.first() else {
        let fault = Diagnosis::error(Code::BadValue, &key.span(), "`foreach` names no list");
        faults.push(fault.hint("write foreach = { share = [1, 10, 50, 100] }, or take it out"));
        return None;
    };
    let count = items.len();
    for (name, span, items) in &lists {
        let fault = if !is_name(name) {
            let message = format!("{} cannot stand in a placeholder", quoted(name));
            Some(
                Diagnosis::error(Code::BadValue, span, message)
                    .hint("small letters, digits and _, not beginning with a digit"),
            )
        } else if items.len() != count {
            let message = format!(
                "`{first}` has {count} places, `{name}` has {}: lists of a ladder are of one length",
                items.len()
            );
            Some(Diagnosis::error(Code::Conflict, span, message).hint("give each rung one value of every list"))
        } else if count > MOST {
            Some(Diagnosis::error(Code::OutOfRange, span, format!("a ladder of {count} rungs; the maximum is {MOST}")))
        } else {
            None
        };
        if let Some(fault) = fault {
            faults.push(fault);
            return None;
        }
    }
    let mut used = HashSet::new();
    let mut tables = Vec::new();
    for at in 0..count {
        let rung: Rung<'_, 't> = lists.iter().map(|(name, _, items)| (*name, items[at])).collect();
        tables.push(bound(spec, toml, &rung, &mut used, faults)?);
    }
    for (name, span, _) in lists.iter().filter(|(name, ..)| !used.contains(*name)) {
        let fault = Diagnosis::error(Code::Dangling, span, format!("nothing in this step says ${{{name}}}"));
        faults.push(fault.hint(format!("write ${{{name}}} where its values belong, or take the list out")));
    }
    Some(tables)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// One rung; none if a placeholder has no value.
fn bound<'t>(
    spec: &'static TableSpec,
    toml: &DeTable<'t>,
    rung: &Rung<'_, 't>,
    used: &mut HashSet<String>,
    faults: &mut Faults,
) -> Option<DeTable<'t>> {
    let mut toml = toml.clone();
    let before = faults.list.len();
    for (key, node) in toml.iter_mut() {
        let name: &str = key.get_ref();
        if name != "foreach" {
            bind(&kinds(&[spec], name), node, rung, used, faults);
        }
    }
    (faults.list.len() == before).then_some(toml)
}

/// The possible kinds of a key in any of these tables.
fn kinds(specs: &[&'static TableSpec], name: &str) -> Vec<&'static Kind> {
    specs.iter().filter_map(|s| s.key(name)).map(|k| &k.kind).collect()
}

/// The items of a list or map, or the kind itself where it is one value.
fn items(kind: &'static Kind) -> &'static Kind {
    match kind {
        Kind::List(item, _) | Kind::OneOrMany(item) | Kind::Map(item) | Kind::Shared(_, item) => items(item),
        kind => kind,
    }
}

/// The tables that are possible there.
fn within(kind: &'static Kind) -> Vec<&'static TableSpec> {
    match items(kind) {
        Kind::Table(spec) | Kind::Tables(spec) => vec![*spec],
        Kind::OneOf(specs) => specs.to_vec(),
        _ => Vec::new(),
    }
}

fn bind<'t>(
    kinds: &[&'static Kind],
    node: &mut Spanned<DeValue<'t>>,
    rung: &Rung<'_, 't>,
    used: &mut HashSet<String>,
    faults: &mut Faults,
) {
    let span = node.span();
    let replaced = match node.get_mut() {
        DeValue::String(text) if text.contains("${") => {
            let number = kinds
                .iter()
                .any(|k| matches!(items(k), Kind::Integer(..) | Kind::Number | Kind::Quantity | Kind::Bool));
            filled(text, number, rung, &span, used, faults)
        }
        DeValue::Array(list) => {
            list.iter_mut().for_each(|item| bind(kinds, item, rung, used, faults));
            None
        }
        DeValue::Table(table) => {
            let specs: Vec<_> = kinds.iter().flat_map(|k| within(k)).collect();
            for (key, node) in table.iter_mut() {
                let inner = if specs.is_empty() { kinds.to_vec() } else { self::kinds(&specs, key.get_ref()) };
                bind(&inner, node, rung, used, faults);
            }
            None
        }
        _ => None,
    };
    if let Some(value) = replaced {
        *node.get_mut() = value;
    }
}

/// A text with its placeholders replaced. A text that consists of one placeholder becomes the value itself where a number is required.
fn filled<'t>(
    text: &str,
    number: bool,
    rung: &Rung<'_, 't>,
    span: &Span,
    used: &mut HashSet<String>,
    faults: &mut Faults,
) -> Option<DeValue<'t>> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let name = after.split('}').next().unwrap_or_default();
        let Some((_, value)) = rung.iter().find(|(known, _)| *known == name).filter(|_| after.len() > name.len())
        else {
            let message = format!("{} stands for nothing", quoted(&format!("${{{name}}}")));
            let known: Vec<&str> = rung.iter().map(|(known, _)| *known).collect();
            faults.push(Diagnosis::error(Code::Dangling, span, message).hint(if known.is_empty() {
                "placeholders are for ladders: foreach = { share = [1, 10, 50, 100] }".to_owned()
            } else {
                format!("`foreach` has {}; write it with both braces", known.join(", "))
            }));
            return None;
        };
        used.insert(name.to_owned());
        if number && before.is_empty() && text.len() == name.len() + 3 {
            return Some((*value).clone());
        }
        out.push_str(before);
        match value {
            DeValue::String(text) => out.push_str(text),
            DeValue::Integer(n) => out.push_str(n.as_str()),
            DeValue::Float(n) => out.push_str(n.as_str()),
            DeValue::Boolean(yes) => out.push_str(if *yes { "true" } else { "false" }),
            // Already checked: the format allows nothing else in these lists.
            _ => return None,
        }
        rest = &after[name.len() + 1..];
    }
    out.push_str(rest);
    Some(DeValue::String(out.into()))
}
