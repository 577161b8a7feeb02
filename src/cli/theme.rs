//! `landfall theme`: lists, shows and checks themes.

use std::{fmt::Write as _, io::IsTerminal as _, path::PathBuf, process::ExitCode};

use clap::Subcommand;
use ratatui::style::{Color, Modifier, Style};

use super::{
    NOT_IN_ORDER,
    out::{Failed, print},
    warn,
};
use base::{
    text::{Document, Lines, line},
    view::Tone,
};
use console::{Depth, Nearest, Role, Theme, ThemeError, Themes, colour::number};
use plan::{Faulty, Severity};

/// About themes.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List all themes: what each is for, where it comes from; and how many colours the terminal has
    List,
    /// Show what each role of a theme looks like on this terminal
    Show {
        /// Its name
        name: String,
    },
    /// Check a theme file: all faults, then unreadable or indistinguishable colours; exits with 1 if there are any
    Check {
        /// The theme file
        file: PathBuf,
    },
}

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(super) fn run(command: &Command) -> Result<ExitCode, Failed> {
    match command {
        Command::List => list(),
        Command::Show { name } => show(name),
        Command::Check { file } => check(file),
    }
}

fn list() -> Result<ExitCode, Failed> {
    let (themes, depth) = (Themes::of_user(var), Depth::detect(var));
    let mut out = Lines::default();
    out.put(format_args!("this terminal: {} (TERM={})", depth.words(), var("TERM").unwrap_or_default()));
    if let Some(dir) = themes.dir() {
        out.put(format_args!("your own:      {}", dir.display()));
    }
    out.gap();
    let names = themes.names();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let mut all = ExitCode::SUCCESS;
    for name in &names {
        let from = if themes.file(name).is_some() { "your own" } else { "built in" };
        let what = match themes.load(name, depth) {
            Ok(theme) => theme.doc.unwrap_or_default(),
            Err(why) => {
                all = ExitCode::from(NOT_IN_ORDER);
                why.brief()
            }
        };
        out.put(format_args!("{name:<width$}  {from}  {what}"));
    }
    print(out).map(|_| all)
}

fn check(file: &std::path::Path) -> Result<ExitCode, Failed> {
    let (theme, report, nearest) = Themes::of_user(var).check(file).map_err(|why| match why {
        ThemeError::Faulty { source: Faulty::Plan(report), .. } => {
            let count = report.count(Severity::Error);
            let faults = if count == 1 { "fault" } else { "faults" };
            let (described, name) = (report.render(super::colour(true)), file.display().to_string());
            Failed::block(&format!("{described}\n\n{}: {count} {faults}; the theme cannot be used", line(&name)))
        }
        ThemeError::Faulty { source: Faulty::Unread { source, .. }, .. } => {
            Failed::new(format_args!("error: cannot read {}: {source}", file.display()))
        }
        why => super::theme_failed(&why),
    })?;
    warn(&report);
    let verdict = match report.count(Severity::Warning) {
        0 => "in order".to_owned(),
        1 => "1 warning".to_owned(),
        n => format!("{n} warnings"),
    };
    let mut out = Lines::default();
    out.put(format_args!("{}: {}, {verdict}", file.display(), theme.name));
    figures(&nearest, &mut out);
    print(out)?;
    Ok(if report.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NOT_IN_ORDER) })
}

fn figures(nearest: &Nearest, out: &mut Lines) {
    if let Some((least, role)) = nearest.contrast {
        out.put(format_args!("  least contrast: {least:.1}:1, {}", role.word()));
    }
    for (sight, far, a, b) in &nearest.pairs {
        out.put(format_args!("  nearest {}: {} and {}, {far:.1} apart", sight.words(), a.word(), b.word()));
    }
}

fn show(name: &str) -> Result<ExitCode, Failed> {
    let depth = if std::io::stdout().is_terminal() { Depth::detect(var) } else { Depth::None };
    let theme = Themes::of_user(var).load(name, depth).map_err(|why| super::theme_failed(&why))?;
    let mut out = String::new();
    for role in Role::ALL {
        let sample = format!(" {} {:<11}{:<52}", glyph(*role), role.word(), role.doc());
        let _ = writeln!(out, "{}{sample}\x1b[0m", escape(&theme, *role));
    }
    if !std::io::stdout().is_terminal() {
        // Not a terminal: describe the styles in words.
        let full = Themes::of_user(var).load(name, Depth::True).map_err(|why| super::theme_failed(&why))?;
        out = Role::ALL.iter().map(|role| format!("{:<11} {}\n", role.word(), words(full.style(*role)))).collect();
    }
    print(Document::styled(&out))
}

fn glyph(role: Role) -> &'static str {
    let tones = [Tone::Good, Tone::Busy, Tone::Warn, Tone::Bad, Tone::Stale, Tone::Blind];
    tones.into_iter().find(|tone| Role::of(*tone) == Some(role)).map_or(" ", |tone| tone.glyph(false))
}

const MODIFIERS: [(Modifier, u8, &str); 5] = [
    (Modifier::BOLD, 1, "bold"),
    (Modifier::DIM, 2, "dim"),
    (Modifier::ITALIC, 3, "italic"),
    (Modifier::UNDERLINED, 4, "underlined"),
    (Modifier::REVERSED, 7, "reversed"),
];

/// The escape sequence that starts the style of the role.
fn escape(theme: &Theme, role: Role) -> String {
    let style = theme.style(Role::Text).patch(theme.style(role));
    let mut out = String::from("\x1b[0");
    for (_, code, _) in MODIFIERS.iter().filter(|(m, ..)| style.add_modifier.contains(*m)) {
        let _ = write!(out, ";{code}");
    }
    for (colour, layer) in [(style.fg, 38), (style.bg, 48)] {
        let _ = match colour {
            Some(Color::Rgb(r, g, b)) => write!(out, ";{layer};2;{r};{g};{b}"),
            Some(Color::Indexed(i)) => write!(out, ";{layer};5;{i}"),
            Some(named) => number(named).map_or(Ok(()), |i| write!(out, ";{layer};5;{i}")),
            None => Ok(()),
        };
    }
    out.push('m');
    out
}

fn words(style: Style) -> String {
    let colour = |c: Option<Color>| c.map(|c| if c == Color::Reset { "default".to_owned() } else { c.to_string() });
    let mut out: Vec<String> = colour(style.fg).into_iter().collect();
    out.extend(colour(style.bg).map(|bg| format!("on {bg}")));
    out.extend(MODIFIERS.iter().filter(|(m, ..)| style.add_modifier.contains(*m)).map(|(.., word)| (*word).to_owned()));
    out.join(" ")
}
