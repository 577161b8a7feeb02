//! Read-only by type: code that only watches cannot name a write. Its attempts do not compile, with the errors pinned
//! here; the counterpart with control does compile.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// The newest build of a library next to this test.
fn library(name: &str) -> PathBuf {
    let deps = std::env::current_exe().expect("this program").parent().expect("a folder").to_owned();
    let is = |p: &PathBuf| {
        let file = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
        file.starts_with(&format!("lib{name}-")) && file.ends_with(".rlib")
    };
    let when = |p: &PathBuf| fs::metadata(p).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let all = fs::read_dir(&deps).expect("a folder").filter_map(|e| Some(e.ok()?.path())).filter(is);
    all.max_by_key(when).unwrap_or_else(|| panic!("no lib{name} in {}", deps.display()))
}

/// Compiles a file against the library; returns the errors, none if it compiles.
fn compile(file: &str) -> Vec<String> {
    let deps = library("landfall");
    let out = tempfile::tempdir().expect("a folder");
    let path = |name: &str| format!("{name}={}", library(name).display());
    let run = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into()))
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--extern", &path("landfall")])
        .arg("-L")
        .arg(format!("dependency={}", deps.parent().expect("a folder").display()))
        .arg("--out-dir")
        .arg(out.path())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readonly").join(file))
        .output()
        .expect("rustc");
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    let errors: Vec<String> = text.lines().filter(|l| l.starts_with("error[")).map(str::to_owned).collect();
    assert_eq!(run.status.success(), errors.is_empty(), "{text}");
    errors
}

#[test]
fn what_watches_cannot_name_a_write_and_its_twin_can() {
    assert!(compile("control.rs").is_empty());
    for (file, pinned) in [("watch.rs", include_str!("watch.stderr")), ("permit.rs", include_str!("permit.stderr"))] {
        // Whether rustc prints full paths depends on the names in scope.
        let paths = ["landfall::landfall_journal::", "landfall::landfall_systems::"];
        let errors = paths.iter().fold(compile(file).join("\n"), |errors, path| errors.replace(path, ""));
        println!("{errors}");
        assert_eq!(errors, pinned.trim(), "{file}");
    }
}
