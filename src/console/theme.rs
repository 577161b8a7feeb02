//! Themes: the style of each role, from TOML. A role is a meaning, never a place on the screen.
//!
//! The package's themes are embedded in the binary. A file of the same name in `$XDG_CONFIG_HOME/landfall/themes`
//! replaces one; a theme that inherits takes over the palette and the roles that it does not define. [`format`]
//! defines the file format, [`judge`] checks the result.

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

/// A loaded theme.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// Its description.
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
        /// A similar name, or the list of names.
        hint: String,
    },
    /// The file cannot be read, or is not a theme.
    #[error("the theme `{name}` cannot be used")]
    Faulty {
        /// The theme.
        name: String,
        /// Its file.
        path: PathBuf,
        /// All its faults.
        source: Faulty,
    },
}

impl ThemeError {
    /// In one line, with a hint where to learn more.
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

/// The styles of a sheet's roles on a terminal of this depth.
fn ready(sheet: &Sheet, depth: Depth) -> Theme {
    let look = |role: Role| sheet.looks.get(role as usize).cloned().flatten().unwrap_or_default();
    let drawn = |role: Role| look(role).style(&sheet.palette, depth);
    let text = |role: Role| look(role).style(&sheet.palette, Depth::True).bg;
    let behind = |style: Style| style.bg.or(drawn(Role::Text).bg);
    let styles = Role::ALL.iter().map(|&role| {
        let style = drawn(role);
        // A role that differs by its background must still differ if the terminal cannot show that background.
        let lost = role != Role::Text
            && text(role).is_some_and(|bg| text(Role::Text) != Some(bg))
            && behind(style) == behind(drawn(Role::Text));
        if lost { style.reversed() } else { style }
    });
    let mut styles: Vec<Style> = styles.collect();
    if depth == Depth::None {
        // Differences of colour alone get the modifiers of the theme without colours.
        for (style, mono) in styles.iter_mut().zip(mono()) {
            *style = style.add_modifier(mono);
        }
    }
    Theme { name: sheet.name.clone(), doc: sheet.doc.clone(), styles }
}

/// The modifiers of the package's theme without colours.
fn mono() -> Vec<Modifier> {
    let sheet = Themes::default().sheet("mono", &[]).unwrap_or_default();
    sheet.looks.into_iter().map(|look| look.unwrap_or_default().modifiers).collect()
}

impl Theme {
    /// Without any style, for plain text.
    #[must_use]
    pub fn plain() -> Self {
        Self { name: "plain".to_owned(), doc: None, styles: vec![Style::new(); Role::ALL.len()] }
    }

    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The style of a tone.
    #[must_use]
    pub fn tone(&self, tone: Tone) -> Style {
        Role::of(tone).map_or(Style::new(), |role| self.style(role))
    }

    /// The style of a side's heading.
    #[must_use]
    pub fn side(&self, side: Side) -> Style {
        self.style(match side {
            Side::Source => Role::Source,
            Side::Target => Role::Target,
        })
    }
}
