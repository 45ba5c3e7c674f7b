//! The tutorial from an annotated RayCluster to its applications, typed as its page says.

use std::fs;
use std::process::Command;

use e2e::{Alone, Ran, console, lab, of_nine_seconds, shell};
use tempfile::TempDir;

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_tutorial_to_a_first_application_is_true() {
    let lab = lab();
    let _alone = Alone::take();
    let space = lab.namespace("e2e-first");
    let page = lab
        .prepared
        .root
        .join("docs/tutorials/first-application.md");
    let steps = console(&fs::read_to_string(page).unwrap());
    assert!(steps.len() > 10, "{steps:?}");
    // The checkout's examples, for this run's Ray.
    let checkout = TempDir::new().unwrap();
    let examples = lab.prepared.root.join("examples");
    let mut copy = Command::new("cp");
    copy.arg("-r").arg(examples).arg(checkout.path());
    Ran::command(&mut copy, None).ok();
    let manifest = checkout.path().join("examples/raycluster.yaml");
    fs::write(manifest, lab.example("raycluster.yaml")).unwrap();
    for step in steps {
        if step.command.contains("serve inject") {
            // Instead of the step before, without the webhook.
            continue;
        }
        let _webhook = lab.with_webhook();
        let patient = step.command.replace("--timeout=300s", "--timeout=600s");
        let ran = shell(lab, checkout.path(), &space.name, &patient).ok();
        if let Some(difference) = step.differs(&of_nine_seconds(&ran.stdout)) {
            panic!("{difference}: {ran}");
        }
    }
}
