//! What `cargo cluster bench` measures of a program is the program's alone.

use std::{
    fs,
    process::{Command, Output},
};

use serde_json::Value;

fn measure(program: &[&str]) -> (Output, Value) {
    let report = tempfile::NamedTempFile::new().expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_cluster"))
        .arg("measure")
        .arg(report.path())
        .args(program)
        .output()
        .expect("this workspace's program starts");
    let took = fs::read(report.path()).expect("the file is there");
    (output, serde_json::from_slice(&took).unwrap_or_default())
}

#[test]
fn the_memory_of_whoever_measures_does_not_count() {
    // Of each page something, or the kernel gives none.
    let ballast = vec![1_u8; 64 << 20];
    let (output, took) = measure(&["sh", "-c", "echo hello"]);
    assert_eq!(ballast.len(), 64 << 20);
    assert_eq!(output.stdout, b"hello\n");
    assert!(took["time"].as_f64().expect("a time") > 0.0, "{took}");
    let memory = took["memory"].as_f64().expect("a memory");
    assert!((1e5..2e7).contains(&memory), "{took}");
}

#[test]
fn a_program_that_fails_fails_whoever_measures_it() {
    let (output, _) = measure(&["sh", "-c", "echo nobody is there >&2; exit 3"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stderr, b"nobody is there\n");
}
