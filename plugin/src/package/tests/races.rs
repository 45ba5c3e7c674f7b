//! Files that are exchanged between being found and being read.

use std::process::Command;

use super::*;

/// Finds the files of `dir`, lets somebody do something, and zips them.
fn exchanged(dir: &Path, exchange: impl FnOnce()) -> String {
    let tree = read(dir).unwrap();
    exchange();
    let error = Package::write(&tree, &std::env::temp_dir(), &mut |_| {}).unwrap_err();
    error.to_string()
}

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn a_link_in_the_place_of_a_file_is_not_followed() {
    let outside = files(&["secret"]);
    let dir = files(&["a.py", "sub/b.py"]);
    let root = dir.path();
    let error = exchanged(root, || {
        fs::remove_file(root.join("a.py")).unwrap();
        symlink(outside.path().join("secret"), root.join("a.py")).unwrap();
    });
    let start = format!("cannot read {}: ", root.join("a.py").display());
    assert!(error.starts_with(&start), "{error}");
}

#[test]
fn a_link_in_the_place_of_a_directory_is_not_followed() {
    let outside = files(&["b.py"]);
    let dir = files(&["a.py", "sub/b.py"]);
    let root = dir.path();
    let error = exchanged(root, || {
        fs::remove_dir_all(root.join("sub")).unwrap();
        symlink(outside.path(), root.join("sub")).unwrap();
    });
    let start = format!("cannot read {}: ", root.join("sub/b.py").display());
    assert!(error.starts_with(&start), "{error}");
}

#[test]
fn a_link_that_is_turned_outwards_has_no_effect() {
    let outside = files(&["secret"]);
    let dir = files(&["a.py"]);
    let root = dir.path();
    symlink("a.py", root.join("link")).unwrap();
    let tree = read(root).unwrap();
    fs::remove_file(root.join("link")).unwrap();
    symlink(outside.path().join("secret"), root.join("link")).unwrap();
    let package = Package::write(&tree, &std::env::temp_dir(), &mut |_| {}).unwrap();
    let mut zip = zip::ZipArchive::new(io::Cursor::new(bytes(&package))).unwrap();
    let mut text = String::new();
    zip.by_name("link")
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "content of a.py");
}

#[test]
fn a_fifo_waits_for_nobody() {
    let dir = files(&["a.py"]);
    let root = dir.path();
    fifo(&root.join("pipe"));
    let tree = read(root).unwrap();
    let pipe = root.join("pipe");
    assert_eq!(
        tree.skipped,
        [format!("left out {}: it is a FIFO", pipe.display())]
    );

    let error = exchanged(root, || {
        fs::remove_file(root.join("a.py")).unwrap();
        fifo(&root.join("a.py"));
    });
    assert!(error.ends_with("a.py: it is not a regular file"), "{error}");

    fifo(&root.join(".gitignore"));
    assert!(fails(root).ends_with(".gitignore: it is not a regular file"));
}
