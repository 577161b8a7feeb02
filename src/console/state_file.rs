//! The file of what was chosen on screen: `$XDG_STATE_HOME/landfall/console.toml`.
//!
//! The operator does not write it, so a faulty one prevents nothing: it is ignored, and a message names it.

use std::{
    fs,
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{
    choices::{Changes, Choices, SCHEMA},
    terminal::THREAD,
};

/// Path of the file, if the environment defines the folder.
pub fn path(var: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    // A relative path is invalid there and is ignored, as the XDG specification says.
    let set = |name| var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    state.map(|state| state.join("landfall/console.toml"))
}

/// Reads the file; without one, nothing was chosen. A second value says why it was ignored.
pub(super) fn load(path: &Path) -> (Choices, Option<String>) {
    let ignored = |why: &dyn std::fmt::Display| {
        let text = format!("{}: ignored, theme, sort orders and columns are the defaults: {why}", path.display());
        (Choices::default(), Some(text))
    };
    match fs::read_to_string(path) {
        Ok(text) => match Choices::parse(path, &text) {
            Ok(choices) => (choices, None),
            Err(_) if is_newer(&text) => ignored(&"it was written by a newer version of landfall"),
            Err(_) => ignored(&"it is faulty; the next choice on screen replaces it"),
        },
        Err(why) if why.kind() == ErrorKind::NotFound => (Choices::default(), None),
        Err(why) => ignored(&why),
    }
}

/// Makes changes in the file. Whoever reads it at the same time finds the whole old file or the whole new one.
///
/// # Errors
/// In words, with the file's name.
pub(super) fn write(path: &Path, changes: Changes) -> Result<(), String> {
    let failed = |why: io::Error| format!("{}: what is chosen on screen is not remembered: {why}", path.display());
    let old = match fs::read(path) {
        Ok(text) => String::from_utf8(text).unwrap_or_default(),
        Err(why) if why.kind() == ErrorKind::NotFound => String::new(),
        // What was chosen earlier is still in it.
        Err(why) => return Err(failed(why)),
    };
    if is_newer(&old) {
        return Err(failed(io::Error::other("it was written by a newer version of landfall")));
    }
    let mut choices = Choices::parse(path, &old).unwrap_or_default();
    changes.apply(&mut choices);
    replace(path, &choices.text()).map_err(failed)
}

/// The file of this console.
pub(super) struct StateFile {
    path: Option<PathBuf>,
    /// Whether a thread is writing it, or could not.
    busy: Arc<AtomicBool>,
    writer: Option<thread::JoinHandle<()>>,
}

impl StateFile {
    /// At this path; without one, nothing is written.
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, busy: Arc::default(), writer: None }
    }

    /// Whether changes can be written now.
    pub(super) fn is_free(&self) -> bool {
        self.path.is_some() && !self.busy.load(Ordering::SeqCst)
    }

    /// Writes on a thread of its own: a disk may be slow, and the screen does not wait. Reports once if it fails: the next write would fail, too.
    pub(super) fn write_beside(&mut self, changes: Changes, report: impl FnOnce(String) + Send + 'static) {
        let Some(path) = self.path.clone() else { return };
        let busy = self.busy.clone();
        busy.store(true, Ordering::SeqCst);
        let run = move || match write(&path, changes) {
            Ok(()) => busy.store(false, Ordering::SeqCst),
            Err(why) => report(why),
        };
        // Without threads, later choices are written at the end.
        self.writer = thread::Builder::new().name(THREAD.to_owned() + " choices").spawn(run).ok();
    }

    /// Writes at the end of the console what is still to be written, after what a thread is writing.
    pub(super) fn close(&mut self, changes: Option<Changes>) {
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
        if let (Some(path), Some(changes)) = (&self.path, changes) {
            drop(write(path, changes));
        }
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Its name is this process's own: another console may be writing, too.
    let part = folder.join(format!("console.toml.{}.part", std::process::id()));
    let written = fs::File::create(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let named = written.and_then(|()| fs::rename(&part, path));
    if named.is_err() {
        drop(fs::remove_file(&part));
    }
    named
}

/// Whether a newer version of the program has written it: it may contain what this one would lose.
fn is_newer(text: &str) -> bool {
    let version = |line: &str| line.strip_prefix("schema")?.trim_start().strip_prefix('=')?.trim().parse::<i64>().ok();
    text.lines().find_map(version).is_some_and(|version| version > SCHEMA)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(name: &str) -> Changes {
        Changes { theme: Some(Some(name.to_owned())), ..Changes::default() }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_stays_in_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("landfall/console.toml");
        assert_eq!(load(&file), (Choices::default(), None), "there is none yet");
        write(&file, theme("day")).unwrap();
        write(&file, Changes { wide: Some(true), ..Changes::default() }).unwrap();
        let expected = Choices { theme: Some("day".to_owned()), wide: true, ..Choices::default() };
        assert_eq!(load(&file), (expected, None));
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_faulty_file_is_ignored_with_its_name_and_replaced_by_the_next_choice() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("console.toml");
        for faulty in [&b"theme = ["[..], b"theme = 7", b"\xff\xfe"] {
            fs::write(&file, faulty).unwrap();
            let (choices, why) = load(&file);
            assert_eq!(choices, Choices::default());
            assert!(why.unwrap().starts_with(&format!("{}: ignored", file.display())));
            write(&file, theme("day")).unwrap();
            assert_eq!(load(&file).0.theme.as_deref(), Some("day"));
        }
    }

    #[test]
    fn the_file_of_a_newer_version_is_neither_read_nor_written() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("console.toml");
        let newer = "# of a later day\nschema = 2\nthemes = [\"day\"]\n";
        fs::write(&file, newer).unwrap();
        assert!(load(&file).1.unwrap().ends_with("by a newer version of landfall"));
        assert!(write(&file, theme("day")).unwrap_err().contains("is not remembered"));
        assert_eq!(fs::read_to_string(&file).unwrap(), newer);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("landfall"), "a file").unwrap();
        let file = home.path().join("landfall/console.toml");
        assert!(write(&file, theme("day")).unwrap_err().starts_with(&file.display().to_string()));
    }

    #[test]
    fn the_environment_says_where_the_file_is() {
        let of = |set: &'static [(&str, &str)]| {
            path(move |n| set.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(of(&[("XDG_STATE_HOME", "/x"), ("HOME", "/h")]), Some("/x/landfall/console.toml".into()));
        assert_eq!(of(&[("XDG_STATE_HOME", ""), ("HOME", "/h")]), Some("/h/.local/state/landfall/console.toml".into()));
        assert_eq!(of(&[("XDG_STATE_HOME", "x")]), None);
    }
}
