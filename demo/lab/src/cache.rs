//! The programs of the lab: downloaded once from the Python package registry, checked against pinned hashes, stored in
//! a folder that git ignores.
//!
//! `requirements.txt` pins each package, including indirect ones, by version and SHA-256; pip refuses anything else.
//! Nothing is installed outside of the cache.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::error::{Doing, Error, Result};

/// Pinned packages, with hashes.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The programs, ready to run.
#[derive(Debug, Clone)]
pub struct Tools {
    /// Python of the cache's environment, which runs moto.
    pub python: PathBuf,
    /// MongoDB's server.
    pub mongod: PathBuf,
    /// The Kafka-protocol broker.
    pub broker: PathBuf,
}

/// The cache: `LANDFALL_LAB_CACHE`, or the folder `cache` beside the lab's sources.
#[must_use]
pub fn dir() -> PathBuf {
    std::env::var_os("LANDFALL_LAB_CACHE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("cache"), PathBuf::from)
}

/// Returns the programs; downloads them if the cache does not match the pins exactly. `say` reports slow operations.
///
/// # Errors
/// If there is no `python3` with its `venv` module, no reachable registry, or a hash differs.
pub fn ready(say: impl Fn(&str)) -> Result<Tools> {
    let dir = dir();
    fs::create_dir_all(&dir).doing(|| format!("making {}", dir.display()))?;
    // Two labs that start concurrently must not both fill the cache.
    let lock = File::create(dir.join("lock")).doing(|| format!("locking {}", dir.display()))?;
    lock.lock().doing(|| format!("locking {}", dir.display()))?;

    let (venv, stamp) = (dir.join("venv"), dir.join("venv/requirements.txt"));
    if fs::read_to_string(&stamp).is_ok_and(|have| have == REQUIREMENTS) {
        return locate(&venv);
    }
    say("downloading mongod, broker and moto (77 MB)");
    if venv.exists() {
        fs::remove_dir_all(&venv).doing(|| format!("clearing {}", venv.display()))?;
    }
    let list = dir.join("requirements.txt");
    fs::write(&list, REQUIREMENTS).doing(|| format!("writing {}", list.display()))?;

    run(
        "making a Python environment (Debian, Ubuntu: apt-get install python3-venv)",
        Command::new("python3").args(["-m", "venv"]).arg(&venv),
    )?;
    let pip = |doing: &str, args: &[&str]| {
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]).args(args);
        run(doing, pip.arg("--require-hashes").arg("--no-deps").arg("--requirement").arg(&list).current_dir(&dir))
    };
    pip("downloading the lab's packages", &["download", "--only-binary=:all:", "--dest", "wheels"])?;
    say("installing them into the cache");
    pip("installing the lab's packages", &["install", "--no-index", "--find-links", "wheels"])?;
    let tools = locate(&venv)?;
    fs::write(&stamp, REQUIREMENTS).doing(|| format!("writing {}", stamp.display()))?;
    Ok(tools)
}

fn run(doing: &str, command: &mut Command) -> Result<()> {
    let out = command.stdin(Stdio::null()).output().doing(|| doing.to_owned())?;
    if out.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&out.stderr);
    let tail: Vec<_> = text.lines().rev().take(4).collect();
    Err(Error::new(doing, tail.into_iter().rev().collect::<Vec<_>>().join(" / ")))
}

fn locate(venv: &Path) -> Result<Tools> {
    let lib = venv.join("lib");
    let packages = fs::read_dir(&lib)
        .doing(|| format!("reading {}", lib.display()))?
        .filter_map(|entry| Some(entry.ok()?.path().join("site-packages")))
        .find(|path| path.is_dir())
        .ok_or_else(|| Error::new(format!("reading {}", lib.display()), "no site-packages; remove the cache"))?;
    let tools = Tools {
        python: venv.join("bin/python"),
        mongod: packages.join("fiftyone/db/bin/mongod"),
        broker: packages.join("noida_db/noida-db"),
    };
    for program in [&tools.python, &tools.mongod, &tools.broker] {
        executable(program)?;
    }
    Ok(tools)
}

/// Makes a program executable: wheels do not always carry the mode.
fn executable(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let doing = || format!("looking at {}", program.display());
    let mut mode = fs::metadata(program).doing(doing)?.permissions();
    if mode.mode() & 0o111 == 0 {
        mode.set_mode(0o755);
        fs::set_permissions(program, mode).doing(doing)?;
    }
    Ok(())
}
