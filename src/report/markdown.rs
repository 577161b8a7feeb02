//! The story as Markdown.

use std::fmt::Write as _;

use super::{Story, page};
use base::text::markdown as escaped;

/// The story as one Markdown text; tables replace the figures.
#[must_use]
pub fn markdown(story: &Story) -> String {
    let mut out = format!("# {}\n", escaped(&story.head.run));
    for section in page::sections(story) {
        if !section.title.is_empty() {
            let _ = write!(out, "\n## {}\n", escaped(section.title));
        }
        for text in &section.text {
            let _ = write!(out, "\n{}\n", escaped(text));
        }
        if !section.list.is_empty() {
            out.push('\n');
        }
        for item in &section.list {
            let _ = writeln!(out, "- {}", escaped(item));
        }
        let Some(table) = section.table else { continue };
        let _ = write!(out, "\n| {} |\n|{}\n", table.head.join(" | "), " --- |".repeat(table.head.len()));
        for row in &table.rows {
            let cells: Vec<String> =
                row.iter().map(|lines| lines.iter().map(|l| escaped(l)).collect::<Vec<_>>().join("<br>")).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
    }
    out
}
