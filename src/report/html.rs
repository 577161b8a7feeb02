//! The story as one HTML page: no network, no script, readable in light and dark and on paper.

use std::fmt::Write as _;

use super::{Story, chart, page, panel};
use base::text::html as escaped;

/// The style sheet.
const STYLE: &str = include_str!("style.css");

/// The beginning of every page, and the end of its title.
const MARKS: [&str; 2] = ["<!doctype html>\n<html lang=\"en\">\n<head>\n", ": the story of a run</title>\n"];

/// Whether a text that begins like this is a page made by [`html`].
#[must_use]
pub fn is_page(begins: &[u8]) -> bool {
    let text = String::from_utf8_lossy(begins);
    text.starts_with(MARKS[0]) && text.contains(MARKS[1])
}

/// The story as one page.
#[must_use]
pub fn html(story: &Story) -> String {
    let title = escaped(&story.head.run);
    let mut out = String::from(MARKS[0]);
    out.push_str("<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    let _ = write!(out, "<title>{title}{}<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n", MARKS[1]);
    let _ = writeln!(out, "<h1>{title}</h1>");
    for section in page::sections(story) {
        put(&mut out, story, &section);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn put(out: &mut String, story: &Story, section: &page::Section<'_>) {
    out.push_str("<section>\n");
    if !section.title.is_empty() {
        let _ = writeln!(out, "<h2>{}</h2>", escaped(section.title));
    }
    for text in &section.text {
        let _ = writeln!(out, "<p>{}</p>", escaped(text));
    }
    if !section.list.is_empty() {
        out.push_str("<ul>\n");
        for item in &section.list {
            let _ = writeln!(out, "<li>{}</li>", escaped(item));
        }
        out.push_str("</ul>\n");
    }
    if let Some((svg, caption)) = section.figure.and_then(|figure| drawn(story, figure)) {
        let _ = write!(out, "<figure>\n{svg}");
        if !caption.is_empty() {
            let _ = writeln!(out, "<figcaption>{}</figcaption>", escaped(caption));
        }
        out.push_str("</figure>\n");
    }
    if let Some(table) = &section.table {
        out.push_str("<div class=\"wide\"><table>\n");
        if table.head.iter().any(|name| !name.is_empty()) {
            let names: String = table.head.iter().map(|name| format!("<th>{}</th>", escaped(name))).collect();
            let _ = writeln!(out, "<thead><tr>{names}</tr></thead>");
        }
        out.push_str("<tbody>\n");
        for row in &table.rows {
            let cells: String = row.iter().map(|lines| td(lines)).collect();
            let _ = writeln!(out, "<tr>{cells}</tr>");
        }
        out.push_str("</tbody>\n</table></div>\n");
    }
    out.push_str("</section>\n");
}

/// A cell. Short text is not wrapped.
fn td(lines: &[String]) -> String {
    let class = if lines.iter().all(|line| line.chars().count() <= SHORT) { " class=\"short\"" } else { "" };
    let text = match lines {
        [one] => escaped(one),
        more => more.iter().map(|line| format!("<div>{}</div>", escaped(line))).collect(),
    };
    format!("<td{class}>{text}</td>")
}

/// Text up to this length is not wrapped.
const SHORT: usize = 20;

/// A figure and its caption.
fn drawn(story: &Story, figure: page::Figure<'_>) -> Option<(String, &'static str)> {
    match figure {
        page::Figure::Steps => Some((chart::steps(story), chart::STEPS)),
        page::Figure::Lost => panel::lost(story).map(|svg| (svg, panel::LOST)),
        page::Figure::Panel(of, first) => Some((panel::curves(story, of), if first { panel::CURVES } else { "" })),
    }
}
