//! The folder of an inbox, and reading of files in it. Only one account can write it, and no link in it is followed.

use std::{
    fs,
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

use super::{InboxError, LONGEST};

/// The inbox of a journal: `JOURNAL.inbox`.
#[must_use]
pub fn folder(journal: &Path) -> PathBuf {
    let mut name = journal.file_name().unwrap_or_default().to_owned();
    name.push(".inbox");
    journal.with_file_name(name)
}

/// Creates a folder that no other account can write. An existing one must belong to this account, and must not be a link.
pub(super) fn make(folder: &Path) -> Result<(), InboxError> {
    let failed = |source| InboxError::Io { folder: folder.to_owned(), source };
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made.map_err(failed),
    }
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::empty())
        .map_err(|e| InboxError::NotAFolder { folder: folder.to_owned(), source: e.into() })?;
    let about = rustix::fs::fstat(&opened).map_err(|e| failed(e.into()))?;
    if about.st_uid != rustix::process::geteuid().as_raw() {
        return Err(InboxError::NotOurs { folder: folder.to_owned(), uid: about.st_uid });
    }
    if about.st_mode & 0o022 != 0 {
        let mode = Mode::from_raw_mode(about.st_mode & 0o7755);
        rustix::fs::fchmod(&opened, mode).map_err(|e| failed(e.into()))?;
    }
    Ok(())
}

/// Reads a small regular file; none if it is something else (a link, a pipe that never ends), or larger than [`LONGEST`].
pub(super) fn read_small(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(file)?;
    let about = file.metadata()?;
    if !about.is_file() || about.len() > LONGEST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
