//! Whatever file `inject` can read, it writes so that the same is read of it. `cargo cluster fuzz`
//! looks for another with more patience.

#[path = "../../../fuzz/checks/manifest.rs"]
mod check;
#[path = "../../../crates/inject/tests/generate/mod.rs"]
mod generate;
#[path = "../../../fuzz/checks/splice.rs"]
pub(crate) mod splice;

use std::fs;

use proptest::prelude::*;

use crate::inject::cases;
use generate::any_object;

const PIECES: &[&str] = &[
    "\n",
    "  ",
    "\t",
    "\r\n",
    "- ",
    ": ",
    "? ",
    "#c\n",
    " # c",
    "---\n",
    "\n---\n",
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
    "!!str ",
    "!!binary ",
    "%YAML 1.1\n",
    "yes",
    "~",
    "null",
    "0644",
    "1e3",
    "1_000",
    "12:30:45",
    ".5",
    "1.0",
    "18446744073709551616",
    "123456789012345678901234567890",
    "2.10",
    "1.50e+3",
    "{{ .Values.a }}",
    "kind: List\nitems:\n",
    "\u{2028}",
    "\u{85}",
    "\\",
];

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn fixtures() -> Vec<Vec<u8>> {
    ["rayclusters", "yaml"]
        .into_iter()
        .flat_map(cases)
        .map(|case| fs::read(case.join("in.yaml")).unwrap())
        .collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn of_any_text(text in "[ -~\n\t]{0,60}|\\PC{0,30}") {
        check::check(text.as_bytes());
    }

    #[test]
    fn of_any_object(object in any_object()) {
        check::check(kubectl_ray::yaml::to_string(&object).as_bytes());
        check::check(object.to_string().as_bytes());
    }

    #[test]
    fn of_a_manifest_with_pieces_replaced(text in splice::spliced(fixtures(), PIECES)) {
        check::check(&text);
    }
}
