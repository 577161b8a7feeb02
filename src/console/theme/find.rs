//! Where themes come from: the binary, the user's configuration, or a file to check; and inheritance.

use std::path::{Path, PathBuf};

use super::{
    Theme, ThemeError,
    format::{Sheet, Uninherited, sheet},
    judge::{Nearest, judge},
    ready,
};
use crate::colour::Depth;
use crate::settings;
use plan::{Faulty, Report, hint::nearest};

/// The package's themes, in the order in which `t` cycles through them.
const EMBEDDED: &[(&str, &str)] = &[
    ("night", include_str!("../../../themes/night.toml")),
    ("day", include_str!("../../../themes/day.toml")),
    ("deuteranopia", include_str!("../../../themes/deuteranopia.toml")),
    ("tritanopia", include_str!("../../../themes/tritanopia.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// Where themes are found.
#[derive(Debug, Clone, Default)]
pub struct Themes {
    dir: Option<PathBuf>,
}

impl Themes {
    /// The package's themes and those in the user's configuration.
    pub fn of_user(var: impl Fn(&str) -> Option<String>) -> Self {
        Self { dir: settings::folder(var).map(|folder| folder.join("themes")) }
    }

    /// Folder of the user's themes, if there is one.
    #[must_use]
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Names of all themes, the package's first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = EMBEDDED.iter().map(|(n, _)| (*n).to_owned()).collect();
        let files = self.dir.as_deref().and_then(|d| std::fs::read_dir(d).ok()).into_iter().flatten().flatten();
        let mut own: Vec<String> = files
            .map(|f| f.path())
            .filter(|p| p.extension().is_some_and(|e| e == "toml"))
            .filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned()))
            .filter(|n| is_name(n) && !names.contains(n))
            .collect();
        own.sort();
        names.append(&mut own);
        names
    }

    /// The user's file of this name; `None` if the package's theme is used, or there is no such theme.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        Some(self.dir.as_deref()?.join(format!("{name}.toml"))).filter(|p| is_name(name) && p.exists())
    }

    /// Loads a theme.
    ///
    /// # Errors
    /// If there is none of that name, or its file cannot be read or is not a theme.
    pub fn load(&self, name: &str, depth: Depth) -> Result<Theme, ThemeError> {
        self.sheet(name, &[]).map(|sheet| ready(&sheet, depth))
    }

    /// Loads a theme from a file anywhere and checks it for faults, then for warnings.
    ///
    /// # Errors
    /// If the file cannot be read or is not a theme.
    pub fn check(&self, path: &Path) -> Result<(Theme, Report, Nearest), ThemeError> {
        let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
        let text = std::fs::read_to_string(path);
        let shown = text.as_ref().ok().cloned().unwrap_or_default();
        let sheet = self.read(name, path, text, &with(&[], name, false))?;
        let (warnings, nearest) = judge(&sheet);
        Ok((ready(&sheet, Depth::True), Report::new(path, &shown, warnings), nearest))
    }

    /// The merged content of a theme and all that it inherits. `below`: the themes that inherit it, and whether each
    /// is the package's.
    pub(super) fn sheet(&self, name: &str, below: &[(String, bool)]) -> Result<Sheet, ThemeError> {
        // If a user's file of this name is already in the chain, the name means the embedded theme that the file
        // replaces.
        let own = if below.iter().any(|(n, _)| n == name) { None } else { self.file(name) };
        let embedded = EMBEDDED.iter().find(|(n, _)| *n == name);
        match (own, embedded) {
            (Some(path), _) => self.read(name, &path, std::fs::read_to_string(&path), &with(below, name, false)),
            (None, Some((_, text))) => {
                let path = PathBuf::from(format!("themes/{name}.toml (built in)"));
                self.read(name, &path, Ok((*text).to_owned()), &with(below, name, true))
            }
            (None, None) => {
                let names = self.names();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let hint = match nearest(name, &names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there is {}", names.join(", ")),
                };
                Err(ThemeError::Unknown { name: name.to_owned(), hint })
            }
        }
    }

    fn read(
        &self,
        name: &str,
        path: &Path,
        text: std::io::Result<String>,
        below: &[(String, bool)],
    ) -> Result<Sheet, ThemeError> {
        let faulty = |source| ThemeError::Faulty { name: name.to_owned(), path: path.to_owned(), source };
        let text = text.map_err(|source| faulty(Faulty::Unread { path: path.to_owned(), source }))?;
        let mut parent = |wanted: &str| {
            let comes_round = below.iter().filter(|(n, _)| n == wanted).count();
            let embedded = EMBEDDED.iter().any(|(n, _)| *n == wanted) && !below.iter().any(|(n, e)| n == wanted && *e);
            if comes_round > 0 && !embedded {
                let chain = below.iter().map(|(n, _)| n.clone()).chain([wanted.to_owned()]).collect();
                return Err(Uninherited::Itself { name: wanted.to_owned(), chain });
            }
            self.sheet(wanted, below).map_err(Uninherited::Theme)
        };
        sheet(name, path, &text, &mut parent).map(|(sheet, _)| sheet).map_err(faulty)
    }
}

/// Whether this is a valid theme name: no path, and no temporary file of an editor.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_ ".contains(c))
}

fn with(below: &[(String, bool)], name: &str, embedded: bool) -> Vec<(String, bool)> {
    below.iter().cloned().chain([(name.to_owned(), embedded)]).collect()
}
