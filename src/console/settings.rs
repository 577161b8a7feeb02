//! The operator's settings: the configuration file, `$XDG_CONFIG_HOME/landfall/config.toml`.
//!
//! It is checked like a plan: all faults are reported at once, each with its place. A missing key has its default. A
//! faulty file prevents the start, because the operator must be sure which command a key runs.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use jiff::tz::TimeZone;

use super::{
    bell::Ring,
    clock::Time,
    command::{COMMANDS, Command, Id},
    key::Key,
    keymap::Keymap,
};
use plan::{
    Code, Diagnosis, Faulty,
    diag::Faults,
    hint::nearest,
    read,
    scalar::quoted,
    spec::{
        Kind::{Bool, Enum, Integer, List, Map},
        TableSpec,
        tables::{NAME, TEXT, may, or},
    },
    tree::{At, Table},
};

/// The version of the format that this program reads.
const SCHEMA: i64 = 1;

/// The whole file.
pub static ROOT: TableSpec = TableSpec {
    header: "the file's top level",
    doc: "The operator's settings. Every key is optional; the defaults are shown.",
    groups: &[&[
        or("schema", Integer(SCHEMA, SCHEMA), "1", "Version of this format."),
        or("theme", NAME, "\"night\"", "Colours and symbols: a name from `landfall theme list`."),
        may("ascii", Bool, "Only ASCII on screen; default: by the locale."),
        or(
            "time",
            NAME,
            "\"UTC\"",
            "Zone of the times on screen: \"UTC\", \"local\", or a name such as \"Europe/Berlin\".",
        ),
        or("mask", Bool, "false", "Start with names of hosts and accounts masked, for a shared screen."),
        or("mouse", Bool, "false", "Start with the mouse on; in most terminals, hold Shift to select text."),
        or(
            "bell",
            List(&Enum(Ring::WORDS), 0),
            "[\"red\", \"ready\", \"over\"]",
            "Ring when something becomes red, when the next step becomes READY, when a step ends.",
        ),
        or(
            "remember",
            Bool,
            "true",
            "Keep the theme, sort orders and columns that are chosen on screen for the next start.",
        ),
        may(
            "keys",
            Map(&List(&TEXT, 0)),
            "Keys of commands, by the names that `landfall keys` lists; [] removes all keys of a command.",
        ),
    ]],
};

/// The operator's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The theme's name.
    pub theme: String,
    /// ASCII only; `None`: depends on the locale.
    pub ascii: Option<bool>,
    /// Zone in which times are shown.
    pub time: Time,
    /// Whether names are masked at the start.
    pub mask: bool,
    /// Whether the mouse is on at the start.
    pub mouse: bool,
    /// Events that ring the bell.
    pub bell: Vec<Ring>,
    /// Whether what is chosen on screen is kept for the next start.
    pub remember: bool,
    /// Which key is which command.
    pub keys: Keymap,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: "night".to_owned(),
            ascii: None,
            time: Time::Utc,
            mask: false,
            mouse: false,
            bell: Ring::ALL.to_vec(),
            remember: true,
            keys: Keymap::default(),
        }
    }
}

/// This program's configuration folder, if the environment defines one.
pub(super) fn folder(var: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name| var(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    config.map(|config| config.join("landfall"))
}

impl Settings {
    /// Path of the file, if the environment defines the folder.
    pub fn path(var: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
        folder(var).map(|folder| folder.join("config.toml"))
    }

    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read, or with all its faults.
    pub fn load(path: &Path) -> Result<Self, Faulty> {
        let text = std::fs::read_to_string(path).map_err(|source| Faulty::Unread { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Parses a text; messages name `path`.
    ///
    /// # Errors
    /// With all its faults.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Faulty> {
        read(&ROOT, path, text, lower).map(|(settings, _)| settings)
    }

    /// A file with all defaults, commented out.
    #[must_use]
    pub fn example() -> String {
        use std::fmt::Write as _;
        let mut out = format!("# {}\n", ROOT.doc);
        // Writing to a string cannot fail.
        for key in ROOT.keys().filter(|k| k.name != "keys") {
            let _ = match key.need {
                plan::spec::Need::Default(value) => write!(out, "\n# {}\n# {} = {value}\n", key.doc, key.name),
                _ => write!(out, "\n# {}\n# {} = false\n", key.doc, key.name),
            };
        }
        let _ = write!(out, "\n# Keys of commands: one character, or {}.\n", Key::NAMES);
        out.push_str(
            "# A command that changes servers cannot have a Ctrl chord. Of `page` each key is a page.\n# [keys]\n",
        );
        for c in COMMANDS {
            let keys: Vec<String> = c.keys.iter().map(|k| format!("{:?}", k.to_string())).collect();
            let _ = writeln!(out, "# {} = [{}]  # {}", c.name, keys.join(", "), c.doc);
        }
        out
    }
}

fn lower(root: &Table, faults: &mut Faults) -> Option<Settings> {
    let bell = root.list::<String>("bell").into_iter().filter_map(|at| Ring::named(&at.value)).collect();
    let (keys, time) = (keys(root, faults), time(root, faults));
    let (theme, ascii) = (root.get("theme")?, root.get("ascii"));
    let flag = |name| root.get::<bool>(name);
    let (mask, mouse, remember) = (flag("mask")?, flag("mouse")?, flag("remember")?);
    Some(Settings { theme, ascii, time: time?, mask, mouse, bell, remember, keys: keys? })
}

/// The time zone; its name is not case-sensitive.
fn time(root: &Table, faults: &mut Faults) -> Option<Time> {
    let At { value, span } = root.at::<String>("time")?;
    match value.to_ascii_lowercase().as_str() {
        "utc" => return Some(Time::Utc),
        "local" => return Some(Time::Local),
        _ => {}
    }
    if let Ok(zone) = TimeZone::get(&value) {
        return Some(Time::Of(zone));
    }
    let fault = Diagnosis::error(Code::BadValue, &span, format!("`time`: there is no time zone {}", quoted(&value)));
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    faults.push(match near_zone(&value, &names) {
        Some(near) => fault.hint(format!("did you mean \"{near}\"?")),
        None => fault.hint("write \"UTC\", \"local\", or a name of the tz database such as \"Europe/Berlin\""),
    });
    None
}

/// The closest zone: a similar name, or the name of its city alone.
fn near_zone<'n>(text: &str, names: &'n [String]) -> Option<&'n str> {
    let small: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let whole: Vec<&str> = small.iter().map(String::as_str).collect();
    let cities: Vec<&str> = whole.iter().map(|name| name.rsplit('/').next().unwrap_or(name)).collect();
    let text = text.to_ascii_lowercase().replace(' ', "_");
    let at = |of: &[&str]| nearest(&text, of).and_then(|near| of.iter().position(|name| *name == near));
    let place = if text.contains('/') { at(&whole) } else { at(&cities) };
    place.map(|place| names[place].as_str())
}

fn keys(root: &Table, faults: &mut Faults) -> Option<Keymap> {
    let table: IndexMap<String, At<Vec<At<String>>>> = root.get("keys").unwrap_or_default();
    let names: Vec<&str> = COMMANDS.iter().map(|c| c.name).collect();
    let mut wanted: Vec<(Id, Vec<Key>)> = Vec::new();
    let before = faults.list.len();
    for (name, list) in &table {
        let Some(command) = Command::named(name) else {
            let fault = Diagnosis::error(Code::UnknownKey, &list.span, format!("there is no command `{name}`"));
            faults.push(match nearest(name, &names) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint("`landfall keys` lists the commands"),
            });
            continue;
        };
        let mut own = Vec::new();
        for at in &list.value {
            match Key::parse(&at.value) {
                Ok(key) => own.push(key),
                Err(why) => faults.push(Diagnosis::error(Code::BadValue, &at.span, why)),
            }
        }
        wanted.push((command.id, own));
    }
    match Keymap::with(&wanted) {
        // If some keys are faulty, a check for clashes would mislead.
        _ if faults.list.len() > before => None,
        Ok(keys) => Some(keys),
        Err(clashes) => {
            for clash in clashes {
                let span = table.get(clash.command).map_or(0..0, |at| at.span.clone());
                faults.push(Diagnosis::error(Code::Conflict, &span, clash.why.0).hint(clash.why.1));
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        Settings::parse(Path::new("config.toml"), text).unwrap_err().render(false)
    }

    #[test]
    fn nothing_written_is_the_default_and_so_is_the_example_with_or_without_its_marks() {
        let parse = |text: &str| Settings::parse(Path::new("config.toml"), text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(parse(""), Settings::default());
        assert_eq!(parse(&Settings::example()), Settings::default());
        let is_setting = |line: &&str| {
            let line = line.trim_start_matches("# ");
            line == "[keys]" || line.split_once(" = ").is_some_and(|(name, _)| !name.contains(' '))
        };
        let example = Settings::example();
        let unmarked: Vec<&str> = example.lines().filter(is_setting).map(|l| l.trim_start_matches("# ")).collect();
        assert_eq!(unmarked.len(), ROOT.keys().count() + COMMANDS.len());
        assert_eq!(parse(&unmarked.join("\n")), Settings { ascii: Some(false), ..Settings::default() });
    }

    #[test]
    fn what_is_written_holds() {
        let text = "theme = \"mono\"\nmouse = true\ntime = \"europe/berlin\"\nmask = true\nbell = [\"red\"]\n[keys]\ntheme = [\"T\", \"ctrl-t\"]\n";
        let settings = Settings::parse(Path::new("config.toml"), text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((settings.theme.as_str(), settings.mask, settings.mouse), ("mono", true, true));
        assert!(matches!(&settings.time, Time::Of(zone) if zone.iana_name() == Some("Europe/Berlin")));
        assert_eq!(settings.bell, [Ring::Red]);
        assert_eq!(settings.keys.keys(Id::Theme), [Key::Char('T'), Key::Ctrl('t')]);
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_places() {
        let described =
            faults("thme = \"day\"\nmask = \"on\"\nbell = [\"loud\"]\n[keys]\npreviw = [\"p\"]\narm = [\"Entr\"]\n");
        for part in [
            "config.toml:1:1",
            "did you mean `theme`?",
            "config.toml:2:8",
            "true or false",
            "config.toml:3:9",
            "there is no command `previw`",
            "did you mean `preview`?",
            "config.toml:6:8",
            "\"Entr\" is not a key",
            "5 faults",
        ] {
            assert!(described.contains(part), "{part}:\n{described}");
        }
    }

    #[test]
    fn a_zone_is_utc_the_machines_own_or_one_that_there_is() {
        let of = |text: &str| Settings::parse(Path::new("config.toml"), &format!("time = {text:?}")).map(|s| s.time);
        assert_eq!(of("utc").ok(), Some(Time::Utc));
        assert_eq!(of("local").ok(), Some(Time::Local));
        for (wrong, near) in [
            ("Europe/Berln", "did you mean \"Europe/Berlin\"?"),
            ("new york", "did you mean \"America/New_York\"?"),
            ("Lokal/Zeit/Hier", "write \"UTC\", \"local\", or a name of the tz database"),
        ] {
            let described = faults(&format!("mask = false\ntime = {wrong:?}"));
            for part in ["config.toml:2:8", &format!("there is no time zone {wrong:?}"), near] {
                assert!(described.contains(part), "{part}:\n{described}");
            }
        }
    }

    #[test]
    fn clashes_name_both_commands_and_what_to_do() {
        let described = faults("[keys]\ntheme = [\"j\"]\nexecute = [\"ctrl-x\"]\nquit = []\n");
        for part in [
            "j is `down` and `theme`",
            "give `down` another key as well",
            "config.toml:2:9",
            "^X for `execute`, which changes servers",
            "`quit` must have a key",
            "3 faults",
        ] {
            assert!(described.contains(part), "{part}:\n{described}");
        }
    }

    #[test]
    fn the_environment_says_where_the_file_is() {
        let of = |set: &'static [(&str, &str)]| {
            Settings::path(move |n| set.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(of(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")]), Some("/x/landfall/config.toml".into()));
        assert_eq!(of(&[("HOME", "/h")]), Some("/h/.config/landfall/config.toml".into()));
        assert_eq!(of(&[("XDG_CONFIG_HOME", "")]), None);
    }
}
