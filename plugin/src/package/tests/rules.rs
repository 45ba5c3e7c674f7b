//! What a rule leaves out, and that it is told.

use super::*;

/// A repository as git makes it, as far as it matters here.
fn repository(names: &[&str]) -> TempDir {
    let dir = files(names);
    fs::create_dir_all(dir.path().join(".git/info")).unwrap();
    dir
}

fn told(dir: &Path) -> Vec<String> {
    read(dir).unwrap().left_out
}

#[test]
fn ignore_files_count_up_to_the_repository_s_root() {
    let dir = repository(&[
        "app/deep/a.py",
        "app/deep/.env",
        "app/deep/x.key",
        "app/deep/notes.md",
    ]);
    let root = dir.path();
    let app = root.join("app/deep");
    fs::write(root.join(".gitignore"), ".env\n").unwrap();
    fs::write(root.join("app/.rayignore"), "/deep/*.key\n").unwrap();
    fs::write(root.join(".git/info/exclude"), "*.md\n").unwrap();
    assert_eq!(names(&app), ["a.py"]);
    // The nearer one decides, and .rayignore decides over all of git's.
    fs::write(root.join("app/.gitignore"), "!.env\n").unwrap();
    assert_eq!(names(&app), [".env", "a.py"]);
    fs::write(app.join(".rayignore"), "!x.key\n!notes.md\n.env\n").unwrap();
    assert_eq!(names(&app), [".rayignore", "a.py", "notes.md", "x.key"]);
}

#[test]
fn ignore_files_beyond_the_repository_are_somebody_else_s() {
    let dir = files(&["inner/app/a.py", "inner/app/b.txt"]);
    let root = dir.path();
    fs::write(root.join(".gitignore"), "*.py\n").unwrap();
    fs::write(root.join("inner/.gitignore"), "*.txt\n").unwrap();
    let app = root.join("inner/app");
    // Without a repository, only the directory's own count, as for Ray.
    assert_eq!(names(&app), ["a.py", "b.txt"]);
    fs::create_dir(root.join("inner/.git")).unwrap();
    assert_eq!(names(&app), ["a.py"]);
    fs::create_dir(root.join("inner/app/.git")).unwrap();
    assert_eq!(names(&app), ["a.py", "b.txt"]);
}

#[test]
fn a_worktree_is_a_repository_too() {
    let dir = files(&[
        "main/.git/info/exclude",
        "tree/app/a.py",
        "tree/app/mine.txt",
    ]);
    let root = dir.path();
    let own = root.join("main/.git/worktrees/tree");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("commondir"), "../..\n").unwrap();
    fs::write(root.join("main/.git/info/exclude"), "mine.txt\n").unwrap();
    fs::write(
        root.join("tree/.git"),
        format!("gitdir: {}\n", own.display()),
    )
    .unwrap();
    assert_eq!(names(&root.join("tree/app")), ["a.py"]);
}

#[test]
fn a_global_gitignore_is_another_machine_s() {
    let dir = repository(&["a.py"]);
    // As this user has it for all repositories of this machine.
    fs::write(
        dir.path().join(".git/config"),
        "[core]\n\texcludesFile = global\n",
    )
    .unwrap();
    fs::write(dir.path().join("global"), "*.py\n").unwrap();
    assert_eq!(names(dir.path()), ["a.py", "global"]);
}

#[test]
fn what_stays_here_is_told_with_the_way_to_take_it_along() {
    let dir = files(&[
        "a.py",
        "models/tiny.onnx",
        "models/log.txt",
        "top.log",
        "data/x.csv",
    ]);
    let root = dir.path();
    let at = root.display();
    fs::write(
        root.join(".gitignore"),
        "\u{feff}models/\r\n*.onnx\r\n*.log\r\n",
    )
    .unwrap();
    fs::write(root.join(".rayignore"), "/data\n").unwrap();
    let size = |name: &str| fs::metadata(root.join(name)).unwrap().len();
    let (model, log, top, csv) = (
        size("models/tiny.onnx"),
        size("models/log.txt"),
        size("top.log"),
        size("data/x.csv"),
    );
    let all = model + log + top;
    assert_eq!(
        told(root),
        [
            format!(
                "{at}: 3 files ({all} B), among them models/tiny.onnx ({model} B), models/log.txt ({log} B), top.log \
                 ({top} B), are left out by {at}/.gitignore: !/models/ and !/models/tiny.onnx in {at}/.rayignore take \
                 the first along"
            ),
            format!("{at}: data/x.csv ({csv} B) is left out by {at}/.rayignore"),
        ]
    );

    // The advice leads there.
    fs::write(root.join(".rayignore"), "!/models/\n!/models/tiny.onnx\n").unwrap();
    assert!(names(root).contains(&"models/tiny.onnx".to_owned()));
}

#[test]
fn nobody_is_advised_to_take_credentials_along() {
    let dir = files(&["a.py", ".env", "large.txt"]);
    let root = dir.path();
    let at = root.display();
    fs::write(root.join(".gitignore"), ".env\n").unwrap();
    assert_eq!(
        told(root),
        [format!("{at}: .env (15 B) is left out by {at}/.gitignore")]
    );
    fs::write(root.join(".gitignore"), ".env\nlarge.txt\n").unwrap();
    let advice = format!(": !/large.txt in {at}/.rayignore takes the first along");
    assert!(told(root)[0].ends_with(&advice), "{:?}", told(root));
}

#[test]
fn excludes_and_a_package_called_venv_are_told_and_rubbish_is_not() {
    let dir = files(&[
        "a.py",
        "venv/__init__.py",
        "__pycache__/a.pyc",
        ".git/HEAD",
        ".venv/pyvenv.cfg",
        ".venv/lib/x.py",
        "node_modules/x/index.js",
        "x.pyc",
        "keep.csv",
    ]);
    let root = dir.path();
    let at = root.display();
    fs::write(root.join(".gitignore"), "node_modules/\n*.pyc\n").unwrap();
    let excludes = ["*.csv".to_owned()];
    let tree = read_as(
        root,
        Selection {
            excludes: &excludes,
            ..ALL
        },
    )
    .unwrap();
    assert_eq!(
        tree.left_out,
        [
            format!("{at}: node_modules/ is left out by {at}/.gitignore"),
            format!("{at}: keep.csv (19 B) is left out by excludes of the runtime_env"),
            format!(
                "{at}: venv/ is left out, as Ray does with this name: !/venv/ in {at}/.rayignore takes it along"
            ),
        ]
    );
    fs::write(root.join(".rayignore"), "!/venv/\n").unwrap();
    assert!(names(root).contains(&"venv/__init__.py".to_owned()));
    // What is not meant stays: this one takes in all directories.
    fs::write(root.join(".rayignore"), "!*/\n!/.git\n").unwrap();
    let names = names(root);
    assert!(
        !names
            .iter()
            .any(|name| name.starts_with(".venv") || name.starts_with(".git/")),
        "{names:?}"
    );
}

#[test]
fn a_large_ignored_directory_is_not_counted_to_its_end() {
    let dir = files(&["a.py"]);
    let root = dir.path();
    fs::write(root.join(".gitignore"), "out/\n").unwrap();
    fs::create_dir(root.join("out")).unwrap();
    for number in 0..5_010 {
        fs::File::create(root.join(format!("out/{number}"))).unwrap();
    }
    let told = told(root);
    assert!(told[0].contains(": more than 5000 files ("), "{told:?}");
}

#[test]
fn gitignore_does_not_count_for_who_says_so() {
    let dir = files(&["a.py", "model.onnx", "x.key"]);
    let root = dir.path();
    fs::write(root.join(".gitignore"), "*.onnx\n").unwrap();
    fs::write(root.join(".rayignore"), "*.key\n").unwrap();
    let tree = read_as(
        root,
        Selection {
            counts_git: false,
            ..ALL
        },
    )
    .unwrap();
    let names: Vec<String> = tree.entries.into_iter().map(|e| e.name).collect();
    assert_eq!(names, [".gitignore", ".rayignore", "a.py", "model.onnx"]);
}

#[test]
fn all_of_git_is_left_here_whatever_leads_to_it() {
    let dir = files(&["a.py", ".git/config", "sub/.git"]);
    let root = dir.path();
    symlink(".git/config", root.join("settings")).unwrap();
    symlink(".git", root.join("history")).unwrap();
    fs::write(root.join(".rayignore"), "!.git\n!.git/\n").unwrap();
    let tree = read(root).unwrap();
    let names: Vec<&str> = tree.entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, [".rayignore", "a.py"]);
    let skipped = tree.skipped.join("\n");
    assert!(
        skipped.contains("settings: it is a link into .git"),
        "{skipped}"
    );
    assert!(
        skipped.contains("history: it is a link into .git"),
        "{skipped}"
    );
}
