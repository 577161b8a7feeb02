//! Converts a recording to an SVG image that shows some of its moments one after the other, as text and colours only.
//!
//!     cargo run --no-default-features --example picture -- demo.cast docs/demo.svg [SECONDS …]
//!
//! Without moments, eight that are evenly spread. A browser plays them in turn; whatever does not animate shows the first.

use std::{fmt::Write as _, process::ExitCode};

use serde_json::Value;

/// A cell, in pixels.
const CELL: (f64, f64) = (8.4, 17.0);
/// How long a moment is shown, in seconds.
const SHOWN: f64 = 4.0;
/// Moments where none are named.
const MOMENTS: usize = 8;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, moments @ ..] = args.as_slice() else {
        eprintln!("usage: picture CAST SVG [SECONDS …]");
        return ExitCode::from(2);
    };
    match picture(from, moments).and_then(|svg| std::fs::write(to, svg).map_err(|e| format!("{to}: {e}"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn picture(from: &str, moments: &[String]) -> Result<String, String> {
    let text = std::fs::read_to_string(from).map_err(|e| format!("{from}: {e}"))?;
    let mut lines = text.lines();
    let head: Value =
        serde_json::from_str(lines.next().unwrap_or_default()).map_err(|e| format!("{from}: line 1: {e}"))?;
    let size = |key: &str| head[key].as_u64().and_then(|n| u16::try_from(n).ok()).ok_or(format!("{from}: no {key}"));
    let (width, height) = (size("width")?, size("height")?);
    let room = |n| std::num::NonZero::new(n).ok_or(format!("{from}: a terminal without room"));
    let mut events: Vec<(f64, String)> = Vec::new();
    for (n, line) in lines.enumerate() {
        let event: Value = serde_json::from_str(line).map_err(|e| format!("{from}: line {}: {e}", n + 2))?;
        if let (Some(at), Some("o"), Some(data)) = (event[0].as_f64(), event[1].as_str(), event[2].as_str()) {
            events.push((at, data.to_owned()));
        }
    }
    let end = events.last().map_or(0.0, |(at, _)| *at);
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let mut wanted: Vec<f64> = (1..=MOMENTS).map(|i| end * i as f64 / MOMENTS as f64).collect();
    if !moments.is_empty() {
        wanted = moments
            .iter()
            .map(|m| m.parse().map_err(|_| format!("{m}: no number of seconds")))
            .collect::<Result<_, _>>()?;
    }
    let mut terminal = vt100::Parser::new(room(height)?, room(width)?, 0);
    let mut frames = Vec::new();
    let mut events = events.into_iter().peekable();
    for at in wanted {
        while let Some((_, data)) = events.next_if(|(when, _)| *when <= at) {
            terminal.process(data.as_bytes());
        }
        frames.push(frame(terminal.screen()));
    }
    Ok(svg(&frames, width, height))
}

fn svg(frames: &[String], width: u16, height: u16) -> String {
    let (w, h) = (f64::from(width) * CELL.0 + 20.0, f64::from(height) * CELL.1 + 20.0);
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let count = frames.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w:.0} {h:.0}\" font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\">\n"
    );
    // Each is shown for its part of the round; the first where nothing moves.
    let _ = writeln!(
        out,
        "<style>text{{white-space:pre}}g+g{{visibility:hidden}}@media not (prefers-reduced-motion){{g{{visibility:hidden;animation:s {:.0}s step-end infinite}}}}@keyframes s{{0%{{visibility:visible}}{:.3}%{{visibility:hidden}}}}</style>",
        SHOWN * count,
        100.0 / count
    );
    let _ = writeln!(out, "<rect width=\"{w:.0}\" height=\"{h:.0}\" rx=\"8\" fill=\"{BACKGROUND}\"/>");
    let mut delay = 0.0;
    for frame in frames {
        let _ = writeln!(out, "<g style=\"animation-delay:{delay:.0}s\" transform=\"translate(10 10)\">{frame}</g>");
        delay += SHOWN;
    }
    out.push_str("</svg>\n");
    out
}

const BACKGROUND: &str = "#101418";
const FOREGROUND: &str = "#d0d4d8";

/// One screen: runs of cells of one style.
fn frame(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let mut out = String::new();
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let style = style(screen, row, column);
            let start = column;
            let mut text = String::new();
            while column < columns && self::style(screen, row, column) == style {
                let cell = screen.cell(row, column);
                match cell.map(vt100::Cell::contents) {
                    Some(c) if !c.is_empty() => text.push_str(c),
                    _ => text.push(' '),
                }
                column += 1;
            }
            run(&mut out, (row, start, column - start), &text, &style);
        }
    }
    out
}

#[derive(PartialEq)]
struct Style {
    ink: String,
    paper: Option<String>,
    bold: bool,
}

fn style(screen: &vt100::Screen, row: u16, column: u16) -> Style {
    let Some(cell) = screen.cell(row, column) else {
        return Style { ink: FOREGROUND.to_owned(), paper: None, bold: false };
    };
    let (mut ink, mut paper) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    if cell.inverse() {
        (ink, paper) = (paper.or(Some(BACKGROUND.to_owned())), ink.or(Some(FOREGROUND.to_owned())));
    }
    Style { ink: ink.unwrap_or_else(|| FOREGROUND.to_owned()), paper, bold: cell.bold() }
}

fn run(out: &mut String, (row, column, cells): (u16, u16, u16), text: &str, style: &Style) {
    let (x, y, w) = (f64::from(column) * CELL.0, f64::from(row) * CELL.1, f64::from(cells) * CELL.0);
    if let Some(paper) = style.paper.as_ref().filter(|paper| *paper != BACKGROUND) {
        let _ =
            write!(out, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{:.0}\" fill=\"{paper}\"/>", CELL.1);
    }
    let kept = text.trim_end();
    if kept.trim().is_empty() {
        return;
    }
    let w = CELL.0 * f64::from(u16::try_from(kept.chars().count()).unwrap_or(cells));
    let bold = if style.bold { " font-weight=\"bold\"" } else { "" };
    let ink = if style.ink == FOREGROUND { String::new() } else { format!(" fill=\"{}\"", style.ink) };
    let escaped = kept.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let base = if ink.is_empty() { format!(" fill=\"{FOREGROUND}\"") } else { ink };
    let _ = write!(out, "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{w:.1}\"{base}{bold}>{escaped}</text>", y + 13.0);
}

/// As `#rrggbb`; none: the terminal's own.
fn colour(colour: vt100::Color) -> Option<String> {
    const ANSI: [&str; 16] = [
        "#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5", "#666666", "#f14c4c",
        "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff",
    ];
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        vt100::Color::Idx(n) if n < 16 => Some(ANSI[usize::from(n)].to_owned()),
        vt100::Color::Idx(n) if n < 232 => {
            let part = |place: u8| [0_u8, 95, 135, 175, 215, 255][usize::from((n - 16) / place % 6)];
            Some(format!("#{:02x}{:02x}{:02x}", part(36), part(6), part(1)))
        }
        vt100::Color::Idx(n) => {
            let grey = 8 + 10 * (n - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
    }
}
