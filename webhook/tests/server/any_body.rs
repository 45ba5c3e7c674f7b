//! No body, however wrong, gets an answer that the API server cannot take. `cargo cluster fuzz`
//! looks for one with more patience.

#[path = "../../../fuzz/checks/review.rs"]
mod check;
#[path = "../../../crates/inject/tests/generate/mod.rs"]
mod generate;
#[path = "../../../fuzz/checks/splice.rs"]
mod splice;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use crate::support::review;
use generate::any_object;

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "0",
    "-1",
    "65536",
    "1e999",
    "8000",
    "\\u0000",
    "\\ud800",
    "\\u007f",
    "\"serve\"",
    "\"name\":",
    "\"env\":[]",
    "\"ports\":null",
    "\"$MY_POD_IP\"",
    "\"UPDATE\"",
    "\"uid\":\"\",",
];

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn fixtures() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/rayclusters");
    let read = |path: &Path| -> Value {
        let text = fs::read_to_string(path).unwrap_or_default();
        serde_saphyr::from_str(&text).unwrap_or_default()
    };
    let cases = fs::read_dir(root).expect("the fixtures");
    cases
        .map(|entry| entry.expect("an entry").path())
        .map(|case| (read(&case.join("in.yaml")), read(&case.join("old.yaml"))))
        .map(|(object, old)| {
            let operation = if old.is_null() { "CREATE" } else { "UPDATE" };
            review(operation, &object, &old).to_string().into_bytes()
        })
        .collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn of_any_bytes(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        check::check(&body);
    }

    #[test]
    fn of_any_objects(
        operation in "CREATE|UPDATE|DELETE|", object in any_object(), old in any_object(),
    ) {
        check::check(review(&operation, &object, &old).to_string().as_bytes());
    }

    #[test]
    fn of_a_review_with_pieces_replaced(body in splice::spliced(fixtures(), PIECES)) {
        check::check(&body);
    }
}
