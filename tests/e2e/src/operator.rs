//! What is asked of an operator, and from which one on it can be expected.

use std::panic::{UnwindSafe, catch_unwind};

use cluster::matrix::NOT_YET;

use crate::lab;

/// Holds on this operator and all later ones; on earlier ones it must not, or what we tell users of
/// them is out of date.
pub fn since(operator: &str, holds: impl FnOnce() + UnwindSafe) {
    let runs = &lab().prepared.kuberay;
    if number(runs) >= number(operator) {
        return holds();
    }
    assert!(
        catch_unwind(holds).is_err(),
        "holds on KubeRay {runs} already, not only since {operator}"
    );
    println!("{NOT_YET}");
}

fn number(version: &str) -> Vec<u32> {
    let parts = version.split('.').map(str::parse);
    parts
        .collect::<Result<_, _>>()
        .unwrap_or_else(|e| panic!("{version:?} is no version: {e}"))
}
