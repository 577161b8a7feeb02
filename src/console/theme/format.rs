//! The format of a theme file, defined with [`plan::spec`], so that it is checked like a plan (all faults at once,
//! each with its place), and the parsed content.

use std::path::Path;

use indexmap::IndexMap;
use ratatui::style::{Color, Modifier};

use super::{Role, ThemeError};
use crate::colour::{self, Depth};
use plan::{
    Code, Diagnosis, Faulty, Report,
    diag::{Faults, Span},
    hint::nearest,
    read,
    spec::{
        Kind::{Bool, Map, Table as Inner, Text},
        TableSpec,
        tables::{may, must, or},
    },
    tree::{At, Table},
};

const NAME: plan::spec::Kind = Text(1, 64);

/// The whole file.
static ROOT: TableSpec = TableSpec {
    header: "the file's top level",
    doc: "A landfall theme.",
    groups: &[&[
        must("name", NAME, "What it is called: as its file, without .toml."),
        may("doc", Text(1, 200), "What it is for."),
        may("inherit", NAME, "The theme whose palette and roles hold where this one says nothing."),
        or("palette", Map(&NAME), "{}", "Colours by name: \"#rrggbb\", or \"default\" for the terminal's own."),
        or("roles", Inner(&ROLES), "{}", "How each role looks."),
    ]],
};

static ROLES: TableSpec =
    TableSpec { header: "[roles]", doc: "What something means, and how that looks.", groups: &[Role::KEYS] };

/// How a role looks.
pub(super) static LOOK: TableSpec = TableSpec {
    header: "a role",
    doc: "How a role looks.",
    groups: &[&[
        may("fg", NAME, "The colour of its signs: a name of the palette, \"#rrggbb\" or \"default\"."),
        may("bg", NAME, "The colour behind them."),
        may(
            "ansi",
            NAME,
            "Both on a terminal of 16 colours: \"yellow\", \"black on yellow\", \"on blue\" or \"reverse\".",
        ),
        may("bold", Bool, "Bold."),
        may("dim", Bool, "Dim."),
        may("italic", Bool, "Italic."),
        may("underline", Bool, "Underlined."),
        may("reverse", Bool, "Both colours exchanged."),
    ]],
};

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

/// The merged content of a theme and all that it inherits. Colours are still names, since a theme may change the
/// inherited palette.
#[derive(Debug, Clone, Default)]
pub(super) struct Sheet {
    pub name: String,
    pub doc: Option<String>,
    pub palette: IndexMap<String, Color>,
    pub looks: Vec<Option<RawStyle>>,
    /// Places in this file, for messages about the result.
    pub places: Places,
}

/// Places in one file.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub name: Span,
    pub palette: IndexMap<String, Span>,
    pub roles: Vec<Option<Span>>,
}

/// The style of one role.
#[derive(Debug, Clone, Default)]
pub(super) struct RawStyle {
    pub fg: Option<String>,
    pub bg: Option<String>,
    /// The style with 16 colours, if defined.
    pub ansi: Option<Ansi>,
    pub modifiers: Modifier,
}

/// The style of a role on a terminal of 16 colours.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ansi {
    pub fg: Option<Color>,
    pub bg: Option<Color>,
    pub reverse: bool,
}

/// Why a theme cannot inherit from another one: shown beside the key `inherit`.
#[derive(Debug, thiserror::Error)]
pub(super) enum Uninherited {
    #[error("`{name}` would inherit from itself ({})", chain.join(" → "))]
    Itself { name: String, chain: Vec<String> },
    /// In one line: the faults of the other file are shown when that is checked.
    #[error("{}", .0.brief())]
    Theme(ThemeError),
}

/// Returns an inherited theme.
type Parent<'p> = dyn FnMut(&str) -> Result<Sheet, Uninherited> + 'p;

/// Parses a theme of this name.
pub(super) fn sheet(name: &str, path: &Path, text: &str, parent: &mut Parent<'_>) -> Result<(Sheet, Report), Faulty> {
    read(&ROOT, path, text, |root, faults| lower(name, root, faults, parent))
}

fn lower(file: &str, root: &Table, faults: &mut Faults, parent: &mut Parent<'_>) -> Option<Sheet> {
    let name: Option<At<String>> = root.at("name");
    if let Some(name) = name.as_ref().filter(|name| name.value != file) {
        let message = format!("`name` is \"{}\", but the file is called {file}.toml", name.value);
        faults.push(Diagnosis::error(Code::Conflict, &name.span, message).hint("call both the same"));
    }
    let inherited = root.at::<String>("inherit").map(|at| match parent(&at.value) {
        Ok(sheet) => Some(sheet),
        Err(why) => {
            faults.push(Diagnosis::error(Code::Dangling, &at.span, format!("it cannot inherit: {why}")));
            None
        }
    });
    // An inherited theme that cannot be read may define any colour.
    let all_known = inherited.as_ref().is_none_or(Option::is_some);
    let mut sheet = inherited.flatten().unwrap_or_default();
    (sheet.doc, sheet.places) = (root.get("doc"), Places::default());
    for (word, at) in root.get::<IndexMap<String, At<String>>>("palette").unwrap_or_default() {
        match literal(&at.value) {
            Some(colour) => {
                sheet.places.palette.insert(word.clone(), at.span);
                sheet.palette.insert(word, colour);
            }
            None => {
                let message = format!("`{word}` must be a colour, not \"{}\"", at.value);
                faults.push(Diagnosis::error(Code::BadValue, &at.span, message).hint(HOW));
            }
        }
    }
    let detail = root.table("roles");
    sheet.looks.resize(Role::ALL.len(), None);
    sheet.places.roles.resize(Role::ALL.len(), None);
    for (i, role) in Role::ALL.iter().enumerate() {
        let Some(table) = detail.and_then(|roles| roles.table(role.word())) else { continue };
        sheet.looks[i] = Some(look(table, all_known.then_some(&sheet.palette), faults));
        sheet.places.roles[i] = detail.and_then(|roles| roles.written(role.word()));
    }
    let name = name?;
    sheet.places.name = name.span;
    Some(Sheet { name: name.value, ..sheet })
}

const HOW: &str = "write it as \"#rrggbb\", or \"default\" for the terminal's own";

fn look(table: &Table, palette: Option<&IndexMap<String, Color>>, faults: &mut Faults) -> RawStyle {
    let mut colour = |key: &str| {
        let at: At<String> = table.at(key)?;
        let known = palette.is_none_or(|p| p.contains_key(&at.value)) || literal(&at.value).is_some();
        if !known {
            let names: Vec<&str> = palette.map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
            let message = format!("`{key}`: no colour `{}` in the palette", at.value);
            let hint = match nearest(&at.value, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there is {}; or {HOW}", names.join(", ")),
            };
            faults.push(Diagnosis::error(Code::Dangling, &at.span, message).hint(hint));
        }
        Some(at.value)
    };
    let (fg, bg) = (colour("fg"), colour("bg"));
    let ansi = table.at::<String>("ansi").and_then(|at| {
        let read = ansi(&at.value);
        if let Err(wrong) = &read {
            let message = format!("`ansi`: no colour \"{wrong}\" among the 16");
            let hint = match nearest(wrong, &colour::WORDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there is default, {}", colour::WORDS.join(", ")),
            };
            faults.push(Diagnosis::error(Code::BadValue, &at.span, message).hint(hint));
        }
        read.ok()
    });
    let set = MODIFIERS.iter().filter(|(word, _)| table.get(word) == Some(true));
    RawStyle { fg, bg, ansi, modifiers: set.fold(Modifier::empty(), |all, (_, m)| all | *m) }
}

/// Parses `yellow`, `black on yellow`, `on blue`, `reverse`; the error is the unknown word.
fn ansi(text: &str) -> Result<Ansi, &str> {
    let named = |word| match word {
        "default" => Ok(Color::Reset),
        word => colour::of_word(word).ok_or(word),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["reverse"] => Ansi { reverse: true, ..Ansi::default() },
        ["on", bg] => Ansi { bg: Some(named(bg)?), ..Ansi::default() },
        [fg] => Ansi { fg: Some(named(fg)?), ..Ansi::default() },
        [fg, "on", bg] => Ansi { fg: Some(named(fg)?), bg: Some(named(bg)?), reverse: false },
        _ => return Err(text),
    })
}

/// A colour that is not from the palette.
fn literal(word: &str) -> Option<Color> {
    if word == "default" {
        return Some(Color::Reset);
    }
    let hex = word.strip_prefix('#').filter(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let [_, r, g, b] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes();
    Some(Color::Rgb(r, g, b))
}

impl RawStyle {
    /// The style on a terminal of this depth, if all colours are known.
    pub fn style(&self, palette: &IndexMap<String, Color>, depth: Depth) -> ratatui::style::Style {
        let colour = |word: &Option<String>| {
            let word = word.as_ref()?;
            palette.get(word).copied().or_else(|| literal(word))
        };
        let style = ratatui::style::Style { fg: colour(&self.fg), bg: colour(&self.bg), ..Default::default() }
            .add_modifier(self.modifiers);
        match self.ansi.filter(|_| depth == Depth::Ansi) {
            Some(ansi) => {
                let style = ratatui::style::Style { fg: ansi.fg, bg: ansi.bg, ..style };
                if ansi.reverse { style.reversed() } else { style }
            }
            None => depth.fit(style),
        }
    }
}
