//! What goes into a package, and that it is the same everywhere.

mod credentials;
mod races;
mod rules;

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use tempfile::TempDir;

use super::archive::Package;
use super::error::Error;
use super::tree::{Selection, Tree};
use crate::hint::Hint;

fn files(names: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("content of {name}")).unwrap();
    }
    dir
}

const ALL: Selection<'_> = Selection {
    excludes: &[],
    with_own_name: false,
    counts_git: true,
};

fn read_as(dir: &Path, selection: Selection<'_>) -> Result<Tree, Error> {
    Tree::read(dir, &dir.canonicalize().unwrap(), selection)
}

fn read(dir: &Path) -> Result<Tree, Error> {
    read_as(dir, ALL)
}

fn names(dir: &Path) -> Vec<String> {
    let tree = read(dir).unwrap();
    tree.entries.into_iter().map(|entry| entry.name).collect()
}

fn fails(dir: &Path) -> String {
    read(dir).unwrap_err().to_string()
}

fn pack(dir: &Path) -> Package {
    let tree = read(dir).unwrap();
    Package::write(&tree, &std::env::temp_dir(), &mut |_| {}).unwrap()
}

fn bytes(package: &Package) -> Vec<u8> {
    package.zip.read().unwrap()
}

#[test]
fn excluded_is_what_git_and_ray_exclude() {
    let dir = files(&[
        "app.py",
        "sub/app.py",
        "sub/__pycache__/app.pyc",
        "__pycache__/app.pyc",
        ".git/HEAD",
        ".venv/bin/python",
        "venv/bin/python",
        ".env",
        "notes.log",
        "sub/keep.log",
        "sub/deep/x.log",
        "build/out",
        "sub/build/out",
        "only_here",
        "sub/only_here",
        "secret.key",
        "model.bin",
    ]);
    let root = dir.path();
    fs::write(
        root.join(".gitignore"),
        "# comment\n*.log\n/build/\n/only_here\nmodel.bin\n",
    )
    .unwrap();
    fs::write(root.join("sub/.gitignore"), "!keep.log\n").unwrap();
    fs::write(root.join(".rayignore"), "*.key\n!model.bin\n").unwrap();
    assert_eq!(
        names(root),
        [
            ".env",
            ".gitignore",
            ".rayignore",
            "app.py",
            "model.bin",
            "sub/.gitignore",
            "sub/app.py",
            "sub/build/out",
            "sub/keep.log",
            "sub/only_here",
        ]
    );
}

#[test]
fn excludes_of_the_runtime_env_are_from_the_directory() {
    let dir = files(&["a.py", "data/x", "sub/data/x", "sub/top"]);
    let excludes = ["/data".to_owned(), "top".to_owned()];
    let tree = read_as(
        dir.path(),
        Selection {
            excludes: &excludes,
            ..ALL
        },
    );
    let names: Vec<String> = tree.unwrap().entries.into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["a.py", "sub/data/x"]);
}

#[test]
fn a_python_package_is_below_its_own_name() {
    let dir = files(&["mylib/__init__.py", "mylib/a/b.py"]);
    // However the directory is spelled.
    for spelling in ["mylib", "mylib/", "mylib/a/.."] {
        let tree = read_as(
            &dir.path().join(spelling),
            Selection {
                with_own_name: true,
                ..ALL
            },
        );
        let names: Vec<String> = tree.unwrap().entries.into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["mylib/__init__.py", "mylib/a/b.py"], "{spelling}");
    }
}

#[test]
fn links_within_are_files_and_links_out_are_refused() {
    let outside = files(&["secret"]);
    let dir = files(&["a.py", "lib/b.py"]);
    let root = dir.path();
    symlink("a.py", root.join("same.py")).unwrap();
    symlink("lib", root.join("alias")).unwrap();
    symlink("nothing", root.join("dangling")).unwrap();
    symlink("..", root.join("lib/up")).unwrap();
    let tree = read(root).unwrap();
    let found: Vec<&str> = tree.entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(found, ["a.py", "alias/b.py", "lib/b.py", "same.py"]);
    let skipped = tree.skipped.join("\n");
    assert!(
        skipped.contains("dangling: it is a link to nothing"),
        "{skipped}"
    );
    assert!(
        skipped.contains("lib/up: it is a link to a directory that it is in"),
        "{skipped}"
    );

    for (target, link) in [("secret", "file"), ("", "dir")] {
        let link = root.join(link);
        symlink(outside.path().join(target), &link).unwrap();
        let error = fails(root);
        let start = format!("{} leads out of {} (to ", link.display(), root.display());
        assert!(error.starts_with(&start), "{error}");
        // As the sentence says.
        fs::write(
            root.join(".rayignore"),
            link.file_name().unwrap().as_encoded_bytes(),
        )
        .unwrap();
        assert_eq!(names(root).len(), 5);
        fs::remove_file(link).unwrap();
        fs::remove_file(root.join(".rayignore")).unwrap();
    }
}

#[test]
fn what_cannot_be_packed_is_said() {
    let dir = files(&["a.py"]);
    let root = dir.path();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let tree = read(root).unwrap();
    let socket = root.join("socket");
    assert_eq!(
        tree.skipped,
        [format!("left out {}: it is a socket", socket.display())]
    );

    for odd in ["back\\slash", "c:drive"] {
        fs::write(root.join(odd), "").unwrap();
        assert!(
            fails(root).contains(&format!("{odd} cannot be in a package for its name")),
            "{odd}"
        );
        fs::remove_file(root.join(odd)).unwrap();
    }
}

#[test]
fn a_directory_without_files_is_told_why() {
    let dir = files(&["a.log", "empty/.keep"]);
    let root = dir.path();
    fs::write(root.join(".gitignore"), "*\n").unwrap();
    assert_eq!(
        fails(root),
        format!(
            "nothing to upload in {}: all its files are left out by {}",
            root.display(),
            root.join(".gitignore").display()
        )
    );
    fs::remove_file(root.join(".gitignore")).unwrap();
    fs::remove_file(root.join("empty/.keep")).unwrap();
    assert_eq!(names(root), ["a.log", "empty"]);
}

#[test]
fn the_same_tree_is_the_same_bytes_and_the_same_name() {
    let one = files(&["b.py", "a/z.py", "a.py", "run.sh"]);
    let other = files(&["run.sh", "a.py", "b.py", "a/z.py"]);
    for (dir, others_mode) in [(&one, 0o600), (&other, 0o666)] {
        let mode = |name: &str, mode| {
            let path = dir.path().join(name);
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        mode("run.sh", others_mode | 0o100);
        mode("a.py", others_mode);
    }
    let old = fs::File::options()
        .append(true)
        .open(other.path().join("a.py"))
        .unwrap();
    old.set_modified(std::time::UNIX_EPOCH).unwrap();
    let (first, second) = (pack(one.path()), pack(other.path()));
    assert_eq!(first.name, second.name);
    assert_eq!(bytes(&first), bytes(&second));
    // A package of version 1 is this one, whoever makes it.
    assert_eq!(
        first.uri(),
        "gcs://_ray_pkg_05e0a7458186428dacebd835526f5627.zip"
    );
}

#[test]
fn whatever_ray_would_see_another_of_is_another_package() {
    let dir = files(&["a.py", "b.py"]);
    let root = dir.path();
    let mut seen = vec![pack(root).name];
    let mut differs = |what: &str| {
        let name = pack(root).name;
        assert!(!seen.contains(&name), "{what}");
        seen.push(name);
    };
    fs::write(root.join("a.py"), "content of a.pz").unwrap();
    differs("content");
    fs::set_permissions(root.join("a.py"), fs::Permissions::from_mode(0o755)).unwrap();
    differs("executable");
    fs::rename(root.join("b.py"), root.join("c.py")).unwrap();
    differs("name");
    fs::create_dir(root.join("logs")).unwrap();
    differs("empty directory");
    // Where one file ends and the next one begins.
    fs::write(root.join("a.py"), "content of a.pzX").unwrap();
    fs::write(root.join("c.py"), "content of b.py").unwrap();
    differs("more in the first");
    fs::write(root.join("a.py"), "content of a.pz").unwrap();
    fs::write(root.join("c.py"), "Xcontent of b.py").unwrap();
    differs("more in the second");
}

#[test]
fn the_zip_holds_what_the_directory_holds() {
    let dir = files(&["a.py", "sub/run.sh"]);
    let root = dir.path();
    fs::set_permissions(root.join("sub/run.sh"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::create_dir(root.join("logs")).unwrap();
    let package = pack(root);
    let mut zip = zip::ZipArchive::new(io::Cursor::new(bytes(&package))).unwrap();
    let mut found = Vec::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        found.push((
            file.name().unwrap().into_owned(),
            file.unix_mode().unwrap(),
            text,
        ));
    }
    let expected = [
        ("a.py", 0o100_644, "content of a.py"),
        ("logs/", 0o040_755, ""),
        ("sub/run.sh", 0o100_755, "content of sub/run.sh"),
    ];
    let expected = expected.map(|(name, mode, text)| (name.to_owned(), mode, text.to_owned()));
    assert_eq!(found, expected);
}

/// A file of zeros that takes no room on the disk.
fn large(dir: &Path, name: &str, size: u64) {
    fs::File::create(dir.join(name))
        .unwrap()
        .set_len(size)
        .unwrap();
}

#[test]
fn two_gigabytes_are_refused_unread() {
    let dir = files(&["a.py"]);
    let root = dir.path();
    large(root, "model.bin", 2 << 30);
    large(root, "data.bin", 50 << 20);
    // Nothing of it can be read, and nothing has to be.
    fs::set_permissions(root.join("model.bin"), fs::Permissions::from_mode(0o000)).unwrap();
    let tree = read(root).unwrap();
    let error = Package::write(&tree, &std::env::temp_dir(), &mut |_| panic!("read")).unwrap_err();
    let dir = root.display();
    assert_eq!(
        error.to_string(),
        format!(
            "{dir} holds 2.0 GiB, and Ray takes packages of less than 100 MiB zipped; the largest: model.bin (2.0 GiB), \
             data.bin (50.0 MiB)"
        )
    );
    let hint = format!("list what the application does not need in {dir}/.rayignore");
    assert_eq!(error.hint(), Some(hint));
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u32 = 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn zipping_ends_where_the_package_gets_too_large() {
    let dir = files(&["a.py"]);
    let root = dir.path();
    fs::write(root.join("noise.bin"), noise(1 << 20)).unwrap();
    let tree = read(root).unwrap();
    let mut read = 0;
    let write = |limit, done: &mut dyn FnMut(u64)| {
        Package::write_within(limit, &tree, &std::env::temp_dir(), done)
    };
    let error = write(300_000, &mut |bytes| read += bytes).unwrap_err();
    let start = format!(
        "{} holds 1.0 MiB and stays too large when zipped, and Ray takes packages of less than 100 MiB",
        root.display()
    );
    assert!(error.to_string().starts_with(&start), "{error}");
    assert!(read < 600_000, "{read} bytes were read");
    // What fits exactly, fits.
    let size = write(u64::MAX, &mut |_| {}).unwrap().zip.size();
    assert_eq!(write(size, &mut |_| {}).unwrap().zip.size(), size);
    write(size - 1, &mut |_| {}).unwrap_err();
}

#[test]
fn a_file_that_cannot_be_read_is_said() {
    let dir = files(&["a.py", "b.py"]);
    let tree = read(dir.path()).unwrap();
    fs::remove_file(dir.path().join("b.py")).unwrap();
    let error = Package::write(&tree, &std::env::temp_dir(), &mut |_| {}).unwrap_err();
    let path = dir.path().join("b.py");
    assert_eq!(
        error.to_string(),
        format!(
            "cannot read {}: No such file or directory (os error 2)",
            path.display()
        )
    );
}
