//! Themes: what each role looks like, from TOML. Knows no panel; a role is a meaning, never a place on the screen.
//!
//! The themes of this package are part of the binary. A file of the same name in `$XDG_CONFIG_HOME/landfall/themes` wins; a theme
//! that inherits takes over the palette and the roles it does not say itself.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::colour::Depth;
use crate::{plan::Side, view::Tone};

const EMBEDDED: &[(&str, &str)] =
    &[("night", include_str!("../../themes/night.toml")), ("day", include_str!("../../themes/day.toml"))];

macro_rules! roles {
    ($($Role:ident = $word:literal, $doc:literal;)+) => {
        /// What something on screen is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Role { $(#[doc = $doc] $Role,)+ }

        impl Role {
            const WORDS: &'static [&'static str] = &[$($word),+];
        }
    };
}

roles! {
    Text = "text", "Anything else; its background is the screen's.";
    Muted = "muted", "Less important than what is beside it.";
    Title = "title", "Names of panels, tables and tiles.";
    Heading = "heading", "Names of columns.";
    Border = "border", "Lines.";
    Key = "key", "Keys that can be pressed.";
    Tab = "tab", "A panel that is not shown.";
    TabActive = "tab-active", "The panel that is shown.";
    Selected = "selected", "The row or tile that commands are about.";
    Source = "source", "Headings of the source's side.";
    Target = "target", "Headings of the target's side.";
    Good = "good", "As it should be.";
    Busy = "busy", "On its way.";
    Warn = "warn", "Look at it.";
    Bad = "bad", "Wrong.";
    Stale = "stale", "Too old to decide on.";
    Blind = "blind", "Not known.";
    Hold = "hold", "The verdict HOLD.";
    Clear = "clear", "The verdict CLEAR.";
    Go = "go", "The verdict GO.";
    RollBack = "roll-back", "The verdict ROLL BACK.";
    Chart = "chart", "Curves.";
}

/// A theme, ready to draw with.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Its name.
    pub name: String,
    styles: Vec<Style>,
}

/// A theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// No such theme.
    #[error("no theme `{0}`; there is {1}")]
    Unknown(String, String),
    /// The file cannot be read.
    #[error("theme file {0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// The file is not a theme.
    #[error("theme `{0}`: {1}")]
    Malformed(String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    inherit: Option<String>,
    #[serde(default)]
    palette: IndexMap<String, String>,
    #[serde(default)]
    roles: IndexMap<String, Look>,
}

#[derive(Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

/// Where themes are found.
#[derive(Debug, Clone, Default)]
pub struct Themes {
    dir: Option<PathBuf>,
}

impl Themes {
    /// The package's own and those of the user's configuration.
    pub fn of_user(var: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| var(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|h| h.join(".config")));
        Self { dir: config.map(|c| c.join("landfall/themes")) }
    }

    /// Names of all there are, the package's own first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = EMBEDDED.iter().map(|(n, _)| (*n).to_owned()).collect();
        let files = self.dir.as_deref().and_then(|d| std::fs::read_dir(d).ok()).into_iter().flatten().flatten();
        let mut own: Vec<String> = files
            .map(|f| f.path())
            .filter(|p| p.extension().is_some_and(|e| e == "toml"))
            .filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned()))
            .filter(|n| !names.contains(n))
            .collect();
        own.sort();
        names.append(&mut own);
        names
    }

    /// Reads one.
    ///
    /// # Errors
    /// If there is none of that name, or its file cannot be read or is not a theme.
    pub fn load(&self, name: &str, depth: Depth) -> Result<Theme, ThemeError> {
        let mut palette = IndexMap::new();
        let mut roles = IndexMap::new();
        let mut seen = Vec::new();
        let mut next = Some(name.to_owned());
        while let Some(name) = next {
            // The second time a name comes up it can only mean the package's own theme that the user's file stands before.
            let own = !seen.contains(&name);
            if seen.iter().filter(|s| **s == name).count() > 1 {
                return Err(ThemeError::Malformed(name, "inherits from itself".into()));
            }
            let file = parse(&name, &self.text(&name, own)?)?;
            seen.push(name);
            for (key, value) in file.palette {
                palette.entry(key).or_insert(value);
            }
            for (key, value) in file.roles {
                roles.entry(key).or_insert(value);
            }
            next = file.inherit;
        }
        let styles = Role::WORDS
            .iter()
            .map(|word| roles.get(*word).cloned().unwrap_or_default().style(&palette))
            .collect::<Result<Vec<Style>, String>>()
            .map_err(|e| ThemeError::Malformed(name.to_owned(), e))?;
        let text = Role::Text as usize;
        let fit = |(i, style): (usize, Style)| match style.bg {
            // What a background tells apart has to be told apart without one too.
            Some(_) if depth == Depth::None && i != text => depth.fit(style).reversed(),
            _ => depth.fit(style),
        };
        Ok(Theme { name: name.to_owned(), styles: styles.into_iter().enumerate().map(fit).collect() })
    }

    fn text(&self, name: &str, own: bool) -> Result<String, ThemeError> {
        if let Some(path) = self.dir.as_deref().filter(|_| own).and_then(|d| file_of(d, name)) {
            return std::fs::read_to_string(&path).map_err(|e| ThemeError::Io(path, e));
        }
        let embedded = EMBEDDED.iter().find(|(n, _)| *n == name);
        embedded
            .map(|(_, text)| (*text).to_owned())
            .ok_or_else(|| ThemeError::Unknown(name.to_owned(), self.names().join(", ")))
    }
}

fn file_of(dir: &Path, name: &str) -> Option<PathBuf> {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_ ".contains(c));
    Some(dir.join(format!("{name}.toml"))).filter(|p| plain && p.exists())
}

fn parse(name: &str, text: &str) -> Result<File, ThemeError> {
    let file: File = toml::from_str(text).map_err(|e| ThemeError::Malformed(name.to_owned(), e.to_string()))?;
    let malformed = |why| Err(ThemeError::Malformed(name.to_owned(), why));
    if file.name != name {
        return malformed(format!("is called `{}` inside its file", file.name));
    }
    match file.roles.keys().find(|k| !Role::WORDS.contains(&k.as_str())) {
        Some(role) => malformed(format!("no role `{role}`; there is {}", Role::WORDS.join(", "))),
        None => Ok(file),
    }
}

impl Look {
    fn style(&self, palette: &IndexMap<String, String>) -> Result<Style, String> {
        let colour = |word: &Option<String>| word.as_ref().map(|w| colour(w, palette)).transpose();
        let mut modifiers = Modifier::empty();
        for (on, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ] {
            modifiers.set(modifier, on);
        }
        Ok(Style { fg: colour(&self.fg)?, bg: colour(&self.bg)?, ..Style::new().add_modifier(modifiers) })
    }
}

fn colour(word: &str, palette: &IndexMap<String, String>) -> Result<Color, String> {
    let word = palette.get(word).map_or(word, String::as_str);
    if word == "default" {
        return Ok(Color::Reset);
    }
    let hex = word.strip_prefix('#').filter(|h| h.len() == 6);
    let bits = hex.and_then(|h| u32::from_str_radix(h, 16).ok());
    let [_, r, g, b] = bits
        .ok_or_else(|| format!("`{word}` is neither in the palette nor of the form #rrggbb nor `default`"))?
        .to_be_bytes();
    Ok(Color::Rgb(r, g, b))
}

impl Theme {
    /// Without any style: for whoever wants the text alone.
    #[must_use]
    pub fn plain() -> Self {
        Self { name: "plain".to_owned(), styles: vec![Style::new(); Role::WORDS.len()] }
    }

    /// How a role looks.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// How a tone looks.
    #[must_use]
    pub fn tone(&self, tone: Tone) -> Style {
        self.style(match tone {
            Tone::Plain => return Style::new(),
            Tone::Good => Role::Good,
            Tone::Busy => Role::Busy,
            Tone::Warn => Role::Warn,
            Tone::Bad => Role::Bad,
            Tone::Stale => Role::Stale,
            Tone::Blind => Role::Blind,
            Tone::Muted => Role::Muted,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn in_dir(files: &[(&str, &str)]) -> (tempfile::TempDir, Themes) {
        let dir = tempfile::tempdir().unwrap();
        let themes = dir.path().join("landfall/themes");
        std::fs::create_dir_all(&themes).unwrap();
        for (name, text) in files {
            std::fs::write(themes.join(name), text).unwrap();
        }
        let home = dir.path().to_str().unwrap().to_owned();
        let found = Themes::of_user(|n| (n == "XDG_CONFIG_HOME").then(|| home.clone()));
        (dir, found)
    }

    #[test]
    fn every_theme_gives_every_role_a_look_of_its_own_kind() {
        for (name, _) in EMBEDDED {
            let theme = Themes::default().load(name, Depth::True).unwrap();
            let tones =
                [Tone::Good, Tone::Busy, Tone::Warn, Tone::Bad, Tone::Stale, Tone::Blind].map(|t| theme.tone(t));
            for (i, a) in tones.iter().enumerate() {
                assert!(tones[i + 1..].iter().all(|b| a != b), "{name}: two tones look the same");
            }
            assert!(theme.style(Role::Text).bg.is_some() && theme.style(Role::Text).fg.is_some());
        }
    }

    #[test]
    fn day_inherits_the_roles_of_night_with_its_own_palette() {
        let day = Themes::default().load("day", Depth::True).unwrap();
        assert_eq!(day.style(Role::Text).bg, Some(Color::Rgb(0xfb, 0xfb, 0xf8)));
        assert!(day.style(Role::Bad).add_modifier.contains(Modifier::BOLD));
    }

    #[test]
    fn without_colours_the_selection_is_reversed() {
        let plain = Themes::default().load("night", Depth::None).unwrap();
        assert_eq!(plain.style(Role::Text), Style::new().fg(Color::Reset).bg(Color::Reset));
        assert!(plain.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
        assert!(plain.style(Role::Bad).add_modifier.contains(Modifier::BOLD));
    }

    #[test]
    fn a_users_file_wins_and_may_inherit_the_theme_it_replaces() {
        let text = "name = \"night\"\ninherit = \"night\"\n[palette]\nred = \"#010203\"\n";
        let (_dir, themes) = in_dir(&[("night.toml", text), ("own.toml", "name = \"own\"\ninherit = \"night\"\n")]);
        let night = themes.load("night", Depth::True).unwrap();
        assert_eq!(night.style(Role::Bad).fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(themes.load("own", Depth::True).unwrap().style(Role::Bad).fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(themes.names(), ["night", "day", "own"]);
    }

    #[test]
    fn what_is_wrong_with_a_theme_is_said() {
        let (_dir, themes) = in_dir(&[
            ("loop.toml", "name = \"loop\"\ninherit = \"loop\"\n"),
            ("role.toml", "name = \"role\"\n[roles]\ntypo = {}\n"),
            ("colour.toml", "name = \"colour\"\n[roles]\nbad = { fg = \"mauve\" }\n"),
        ]);
        let why = |name| themes.load(name, Depth::True).unwrap_err().to_string();
        assert!(why("absent").contains("no theme `absent`; there is night, day"), "{}", why("absent"));
        assert!(why("loop").contains("no theme `loop`"), "{}", why("loop"));
        assert!(why("role").contains("no role `typo`"), "{}", why("role"));
        assert!(why("colour").contains("`mauve` is neither"), "{}", why("colour"));
        assert!(why("../../etc/passwd").contains("no theme"));
    }
}
