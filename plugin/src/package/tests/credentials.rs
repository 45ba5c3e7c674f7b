//! Files that look like credentials are named.

use super::*;

#[test]
fn credentials_are_found_by_name_by_content_and_behind_links() {
    let dir = files(&[
        "a.py",
        ".env",
        ".env.example",
        ".aws/credentials",
        "id_ed25519",
        "id_ed25519.pub",
    ]);
    let root = dir.path();
    fs::write(
        root.join("notes.txt"),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n",
    )
    .unwrap();
    symlink(".env", root.join("settings")).unwrap();
    assert_eq!(
        pack(root).noticed.credentials,
        [
            ".aws/credentials",
            ".env",
            "id_ed25519",
            "notes.txt",
            "settings"
        ]
    );
    // What is named with a `!` is meant.
    fs::write(root.join(".rayignore"), "!.env\n!settings\nid_*\n.aws\n").unwrap();
    assert_eq!(pack(root).noticed.credentials, ["notes.txt"]);
}

#[test]
fn what_git_lfs_has_elsewhere_is_noticed() {
    let dir = files(&["a.py"]);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    fs::write(dir.path().join("model.onnx"), pointer).unwrap();
    assert_eq!(pack(dir.path()).noticed.pointers, ["model.onnx"]);
}
