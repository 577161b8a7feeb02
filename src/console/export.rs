//! A table as a file: CSV, JSON or Markdown.
//!
//! What is exported is what the table shows, masked as it is: the rows of the filter in their order, all columns. Numbers are exported as
//! they are shown, with their units; in JSON also as numbers, in the unit of their signal.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
};

use serde_json::{Map, Value, json};

use super::table::TableUi;
use base::{
    text::{json as json_text, line, markdown},
    view::{Cell, Column, Key, Table, Tone},
};

/// The forms, by the ending of the file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 4180, with a heading.
    Csv,
    /// An array of objects, one a row.
    Json,
    /// A table of GitHub's Markdown.
    Markdown,
}

impl Form {
    /// The form that the name of a file asks for.
    ///
    /// # Errors
    /// If its ending is that of none.
    pub fn of(file: &Path) -> Result<Self, String> {
        match file.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase).as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some("md") => Ok(Self::Markdown),
            _ => Err(format!("{}: the name must end with .csv, .json or .md", file.display())),
        }
    }
}

/// Writes a new file, and returns what came of it, in words. A file that exists is not changed, and a file that cannot be written in full
/// does not stay.
pub(super) fn write(file: &Path, text: &str) -> Result<String, String> {
    // Under another name until it is whole: it is not left half written if the program ends meanwhile.
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let made = OpenOptions::new().write(true).create_new(true).open(&part);
    let written = made.and_then(|mut made| {
        let whole = made.write_all(text.as_bytes()).and_then(|()| made.sync_all());
        let named = whole.and_then(|()| fs::hard_link(&part, file));
        drop(fs::remove_file(&part));
        named
    });
    match written {
        Ok(()) => Ok(format!("exported to {}", file.display())),
        Err(why) => Err(format!("the table was not exported to {}: {why}", file.display())),
    }
}

/// The rows that a table shows, in a form.
#[must_use]
pub fn text(table: &Table, ui: &TableUi, form: Form) -> String {
    let columns: Vec<(usize, &Column)> = table.columns.iter().enumerate().filter(|(_, c)| !c.spark).collect();
    let rows = ui.rows.order.iter().filter_map(|&row| table.rows.get(row));
    let cells = rows.map(|row| columns.iter().filter_map(|(at, _)| row.cells.get(*at)).collect::<Vec<_>>());
    match form {
        Form::Csv => lines(&columns, cells, |fields| fields.map(quoted).collect::<Vec<_>>().join(",") + "\r\n"),
        Form::Markdown => {
            let rule = format!("|{}\n", "---|".repeat(columns.len()));
            let line = |fields: &mut dyn Iterator<Item = String>| {
                format!("| {} |\n", fields.map(|field| markdown(&field)).collect::<Vec<_>>().join(" | "))
            };
            let all = lines(&columns, cells, line);
            let (heading, rest) = all.split_once('\n').unwrap_or((&all, ""));
            format!("{heading}\n{rule}{rest}")
        }
        Form::Json => {
            let object = |row: Vec<&Cell>| {
                let fields = columns.iter().zip(row).map(|((_, column), cell)| (name(column), value(cell)));
                Value::Object(fields.collect::<Map<_, _>>())
            };
            let all: Vec<Value> = cells.map(object).collect();
            // Text and numbers can always be represented.
            json_text(&Value::Array(all)).unwrap_or_else(|why| why.to_string()) + "\n"
        }
    }
}

/// The heading and the rows, each made of its fields.
fn lines<'t>(
    columns: &[(usize, &Column)],
    cells: impl Iterator<Item = Vec<&'t Cell>>,
    line: impl Fn(&mut dyn Iterator<Item = String>) -> String,
) -> String {
    let mut out = line(&mut columns.iter().map(|(_, column)| name(column)));
    for row in cells {
        out.push_str(&line(&mut row.into_iter().map(plain)));
    }
    out
}

/// A column's name: its group's first word and its id, as in filters.
pub(super) fn name(column: &Column) -> String {
    let group = column.group.split_whitespace().next().unwrap_or_default();
    if group.is_empty() { column.id.to_owned() } else { format!("{group}.{}", column.id) }
}

/// A cell's text as one harmless line, with ordinary spaces, and the word of its state where the screen has a sign for it: a stale value is
/// never taken for a fresh one.
pub(super) fn plain(cell: &Cell) -> String {
    let text = line(&cell.text).replace(['\u{202f}', '\u{a0}'], " ");
    match state(cell) {
        Some(word) if !text.contains(word) => format!("{text} ({word})"),
        _ => text,
    }
}

/// The word of a state that is not as it should be.
const fn state(cell: &Cell) -> Option<&'static str> {
    match cell.tone {
        Tone::Warn | Tone::Bad | Tone::Stale | Tone::Blind => Some(cell.tone.word()),
        Tone::Plain | Tone::Good | Tone::Busy | Tone::Muted => None,
    }
}

fn value(cell: &Cell) -> Value {
    match cell.key {
        Key::Number(number) => json!({ "value": number, "text": plain(cell), "state": cell.tone.word() }),
        Key::None if cell.text == "–" => Value::Null,
        _ => Value::String(plain(cell)),
    }
}

/// A field of a CSV line. A spreadsheet runs what begins like a formula: such a field begins with an apostrophe, except for plain numbers.
fn quoted(field: String) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']) && field.parse::<f64>().is_err();
    let field = if formula { format!("'{field}") } else { field };
    if field.contains(['"', ',', '\n', '\r', '\'']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::view::Row;

    fn table() -> (Table, TableUi) {
        let rows = [("a,\"b\"", 1234.0), ("=1+1|x", 2.0), ("hidden", 3.0)].map(|(text, n)| {
            Row::new(
                text,
                [Cell::text(text), Cell::spark(&Cell::text(""), vec![1.0]), Cell::number(n, "1\u{202f}234 s")],
            )
        });
        let columns = vec![
            Column::text("name", "name", 4),
            Column::spark("trend", "trend"),
            Column::number("lag", "lag", 4).of("source VIR"),
        ];
        let table = Table { id: "t", title: "T".into(), columns, rows: rows.to_vec().into(), empty: "none" };
        let mut ui = TableUi::default();
        ui.rows.order = vec![1, 0];
        (table, ui)
    }

    #[test]
    fn the_rows_that_are_shown_are_written_in_their_order() {
        let (table, ui) = table();
        assert_eq!(
            text(&table, &ui, Form::Csv),
            "name,source.lag\r\n\"'=1+1|x\",1 234 s\r\n\"a,\"\"b\"\"\",1 234 s\r\n"
        );
        assert_eq!(
            text(&table, &ui, Form::Markdown),
            "| name | source.lag |\n|---|---|\n| \\=1+1\\|x | 1 234 s |\n| a,\"b\" | 1 234 s |\n"
        );
        let json: Value = serde_json::from_str(&text(&table, &ui, Form::Json)).unwrap();
        assert_eq!(
            json[0],
            json!({ "name": "=1+1|x", "source.lag": { "value": 2.0, "text": "1 234 s", "state": "plain" } })
        );
        assert_eq!(json.as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_file_that_exists_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.csv");
        assert!(write(&file, "a").is_ok_and(|text| text.starts_with("exported to ")));
        assert!(write(&file, "b").is_err_and(|why| why.contains("was not exported")));
        assert_eq!(fs::read_to_string(&file).unwrap(), "a");
        assert!(write(&folder.path().join("none/t.csv"), "a").is_err_and(|why| why.contains("was not exported")));
    }

    #[test]
    fn the_ending_of_the_name_is_the_form() {
        assert_eq!(Form::of(Path::new("a/b.CSV")), Ok(Form::Csv));
        assert!(Form::of(Path::new("table.xls")).unwrap_err().ends_with("must end with .csv, .json or .md"));
    }
}
