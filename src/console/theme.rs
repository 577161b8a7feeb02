//! Themes: what each role looks like, from TOML. Knows no panel; a role is a meaning, never a place on the screen.
//!
//! The themes of this package are part of the binary. A file of the same name in `$XDG_CONFIG_HOME/landfall/themes` wins; a theme
//! that inherits takes over the palette and the roles it does not say itself. [`format`] has what a file may say, [`judge`] what is
//! wrong with what it makes of it.

mod find;
mod format;
mod judge;
mod role;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use find::Themes;
use format::Sheet;
pub use judge::Nearest;
use ratatui::style::{Modifier, Style};
pub use role::Role;

use super::colour::Depth;
use base::{side::Side, view::Tone};
use plan::Faulty;

/// A theme, ready to draw with.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub doc: Option<String>,
    styles: Vec<Style>,
}

/// A theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// No such theme.
    #[error("no theme `{name}`; {hint}")]
    Unknown {
        /// The name.
        name: String,
        /// What was meant, or what there is.
        hint: String,
    },
    /// The file cannot be read, or is not a theme.
    #[error("{source}\nthe theme `{name}` cannot be used")]
    Faulty {
        /// The theme.
        name: String,
        /// Its file.
        path: PathBuf,
        /// All that is wrong with it.
        source: Faulty,
    },
}

impl ThemeError {
    /// In one line, with where to learn more.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Unknown { .. } => self.to_string(),
            Self::Faulty { name, path, source: Faulty::Plan(_) } => {
                format!("theme {name} is faulty: landfall theme check {}", path.display())
            }
            Self::Faulty { name, path, source: Faulty::Unread { source, .. } } => {
                format!("theme {name}: cannot read {}: {source}", path.display())
            }
        }
    }
}

/// What a sheet's roles look like on a terminal of this depth.
fn ready(sheet: &Sheet, depth: Depth) -> Theme {
    let look = |role: Role| sheet.looks.get(role as usize).cloned().flatten().unwrap_or_default();
    let drawn = |role: Role| look(role).style(&sheet.palette, depth);
    let told = |role: Role| look(role).style(&sheet.palette, Depth::True).bg;
    let behind = |style: Style| style.bg.or(drawn(Role::Text).bg);
    let styles = Role::ALL.iter().map(|&role| {
        let style = drawn(role);
        // What a background tells apart has to be told apart where that background cannot be shown, too.
        let lost = role != Role::Text
            && told(role).is_some_and(|bg| told(Role::Text) != Some(bg))
            && behind(style) == behind(drawn(Role::Text));
        if lost { style.reversed() } else { style }
    });
    let mut styles: Vec<Style> = styles.collect();
    if depth == Depth::None {
        // Whatever the theme says by colour alone is said as the theme without colours does.
        for (style, mono) in styles.iter_mut().zip(mono()) {
            *style = style.add_modifier(mono);
        }
    }
    Theme { name: sheet.name.clone(), doc: sheet.doc.clone(), styles }
}

/// The modifiers of the package's own theme without colours.
fn mono() -> Vec<Modifier> {
    let sheet = Themes::default().sheet("mono", &[]).unwrap_or_default();
    sheet.looks.into_iter().map(|look| look.unwrap_or_default().modifiers).collect()
}

impl Theme {
    /// Without any style: for whoever wants the text alone.
    #[must_use]
    pub fn plain() -> Self {
        Self { name: "plain".to_owned(), doc: None, styles: vec![Style::new(); Role::ALL.len()] }
    }

    /// How a role looks.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// How a tone looks.
    #[must_use]
    pub fn tone(&self, tone: Tone) -> Style {
        Role::of(tone).map_or(Style::new(), |role| self.style(role))
    }

    /// How a side's heading looks.
    #[must_use]
    pub fn side(&self, side: Side) -> Style {
        self.style(match side {
            Side::Source => Role::Source,
            Side::Target => Role::Target,
        })
    }
}
