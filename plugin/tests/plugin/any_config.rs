//! Whatever file `validate` is given, it is checked to the end, and `-o yaml` of it is the same config.
//! `cargo cluster fuzz` looks for another with more patience.

#[path = "../../../fuzz/checks/config.rs"]
mod check;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::any_manifest::splice;

const PIECES: &[&str] = &[
    "\n",
    "  ",
    "\t",
    "\r\n",
    "- ",
    ": ",
    "? ",
    " # c",
    "---\n",
    "...\n",
    "\u{feff}",
    "|\n",
    ">-\n",
    "|2\n",
    "'",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a ",
    "*a",
    "<<: *a",
    "<<",
    "=",
    "!!str ",
    "!!int ",
    "!!float ",
    "!!set ",
    "!!binary ",
    "%YAML 1.1\n",
    "yes",
    "~",
    "0644",
    "08540",
    "72225e2",
    "1_000",
    "12:30:45",
    ".5",
    "-.inf",
    ".nan",
    "2024-01-01",
    "18446744073709551616",
    "123456789012345678901234567890",
    "0x1FFFFFFFFFFFFFFFF",
    "{{ .Values.a }}",
    "${A}",
    "%A%",
    "serveConfigV2: |\n",
    "kind: RayService\n",
    "kind: List\nitems:\n",
    "data:\n",
    "applications:\n",
    "import_path: a:b\n",
    "\u{2028}",
    "\u{85}",
    "\u{202e}",
    "\\",
];

fn fixtures() -> Vec<Vec<u8>> {
    let serve = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/serve");
    let mut files = vec![serve.join("two_apps.yaml")];
    for dir in ["docs", "held"] {
        let entries = fs::read_dir(serve.join(dir)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    let files = files.into_iter().filter(|file| file.is_file());
    files.map(|file| fs::read(file).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_any_text(text in "[ -~\n\t]{0,60}|\\PC{0,30}") {
        check::check(text.as_bytes());
    }

    #[test]
    fn of_a_config_with_pieces_replaced(text in splice::spliced(fixtures(), PIECES)) {
        check::check(&text);
    }
}
