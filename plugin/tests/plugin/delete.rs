//! What `delete` removes, what it keeps, and what it says when there is nothing to remove.

use std::process::Command;

use fake_ray::{ALWAYS, IDLE, On, Ray, Reply, Scenario, running, state};
use serde_json::{Value, json};

use crate::support::live::Live;
use crate::support::{
    PATIENCE, RAY_VERSIONS, Run, assert_fails, last_error, on_a_terminal, plugin, recorded,
};

fn command(ray: &Ray, arguments: &[&str]) -> Command {
    let url = ray.url();
    plugin(&[&["serve", "delete", "x", "--address", &url], arguments].concat())
}

fn delete(ray: &Ray, arguments: &[&str]) -> Run {
    command(ray, arguments).output().unwrap().into()
}

fn two_apps(version: &str) -> Ray {
    Ray::with(recorded(version, "get_two_apps_running").1)
}

#[test]
fn all_are_named_and_waited_for() {
    for version in RAY_VERSIONS {
        let running = recorded(version, "get_two_apps_running").1;
        // After the shutdown one of them takes its time.
        let going = state(&json!({"math_app": {"status": "DELETING"}}));
        let ray = Ray::with(Scenario::of(running).after_delete(going));
        let mut delete = Live::start(command(&ray, &[]));
        delete.says("application/fruit_app: removed");
        delete.says("application/math_app: DELETING");
        let looks = ray.server.methods().len();
        ray.show(IDLE);
        let deleted = delete.end();
        assert_eq!(
            deleted.stdout,
            "application/fruit_app deleted\napplication/math_app deleted\n"
        );
        assert_eq!(
            (deleted.code, deleted.stderr.as_str()),
            (
                Some(0),
                "application/fruit_app: removed\napplication/math_app: DELETING\napplication/math_app: removed\nServe on raycluster/x is shut down.\n"
            )
        );
        assert_eq!(ray.changes(), ["DELETE"]);
        let methods = ray.server.methods();
        assert_eq!(methods[..2], ["GET", "DELETE"]);
        // One look that finds it gone, and one that may have been on its way before.
        assert!(methods.len() <= looks + 2, "{looks}: {methods:?}");
    }
}

/// Somebody else's may be among them. A script has nobody to ask.
#[test]
fn a_person_is_asked_before_all_are_removed() {
    let question = "Shut Serve down on raycluster/x and remove all its applications: fruit_app, math_app? [y/N]";
    for (flags, typed, asks, deletes) in [
        (&[][..], "y\n", true, true),
        (&[], "yes\n", true, true),
        (&[], "\n", true, false),
        (&[], "n\n", true, false),
        (&["--yes"], "", false, true),
        (&["-y"], "", false, true),
        (&["--dry-run=client"], "", false, false),
        (&["fruit_app", "--wait=false"], "", false, true),
    ] {
        let running = recorded("2.60.0", "get_two_apps_running").1;
        let ray = Ray::with(Scenario::of(running).after_delete(IDLE));
        let url = ray.url();
        let words = [&["serve", "delete", "x", "--address", &url], flags].concat();
        let (code, shown) = on_a_terminal(&words, typed);
        assert_eq!(
            shown.contains(question),
            asks,
            "{flags:?} {typed:?}: {shown}"
        );
        assert_eq!(
            !ray.changes().is_empty(),
            deletes,
            "{flags:?} {typed:?}: {shown}"
        );
        let cancelled = asks && !deletes;
        assert_eq!(
            code,
            Some(i32::from(cancelled)),
            "{flags:?} {typed:?}: {shown}"
        );
        assert_eq!(
            shown.contains("error: cancelled: nothing was deleted"),
            cancelled,
            "{shown}"
        );
    }
}

/// Where an address stands for the cluster, the first name might be taken for one.
#[test]
fn an_application_is_not_mistaken_for_a_cluster() {
    let application = |name: &str| running(&json!({ "name": name }));
    let both = json!({"story": application("story"), "math_app": application("math_app")});
    let ray = Ray::with(Scenario::of(state(&both)));
    let url = ray.url();
    let delete = |name: &str| -> Run {
        let words = ["serve", "delete", name, "--address", &url, "--wait=false"];
        plugin(&words).output().unwrap().into()
    };
    let mistaken = delete("story");
    assert_eq!((mistaken.code, mistaken.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        mistaken.stderr,
        "error: story is taken for the name of the Ray at --address, and an application of that name runs there\n\
         hint: to remove it alone, write delete local story; to remove all, leave story out\n"
    );
    assert!(ray.changes().is_empty());
    // Which is no name of a cluster.
    let meant = delete("math_app");
    assert_eq!(
        meant.stdout, "application/math_app deleted\n",
        "{}",
        meant.stderr
    );
    assert_eq!(ray.changes(), ["PUT"]);
}

#[test]
fn nothing_running_is_said_and_no_error() {
    let ray = Ray::with(IDLE);
    let nothing = delete(&ray, &[]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        nothing.stderr,
        "No Serve applications running on raycluster/x.\n"
    );
    assert_eq!(ray.server.methods(), ["GET"]);
}

#[test]
fn one_application_goes_and_the_others_are_kept_byte_for_byte() {
    for version in RAY_VERSIONS {
        let before = recorded(version, "get_two_apps_running").1;
        let document: Value = serde_json::from_str(&before).unwrap();
        let math = document["applications"]["math_app"]["deployed_app_config"].to_string();
        let ray = Ray::with(before);
        let deleted = delete(&ray, &["fruit_app"]);
        assert_eq!(
            (
                deleted.code,
                deleted.stdout.as_str(),
                deleted.stderr.as_str()
            ),
            (Some(0), "application/fruit_app deleted\n", "")
        );
        let sent = &ray.submitted()[0];
        assert!(
            sent.ends_with(&format!(r#""applications":[{math}]}}"#)),
            "{sent}"
        );
        assert_eq!(ray.applications(), ["math_app"]);
    }
}

#[test]
fn an_unknown_application_lists_the_known_ones_and_deletes_nothing() {
    let ray = two_apps("2.60.0");
    let sentence = "application/fruit not found on raycluster/x: it has fruit_app, math_app";
    assert_fails(&delete(&ray, &["math_app", "fruit"]), sentence);
    assert_fails(
        &delete(&Ray::with(IDLE), &["fruit"]),
        "application/fruit not found on raycluster/x: it runs no application",
    );
    assert!(ray.submitted().is_empty());

    let ignored = delete(&ray, &["math_app", "fruit", "--ignore-not-found"]);
    assert_eq!(
        (ignored.code, ignored.stdout.as_str()),
        (Some(0), "application/math_app deleted\n"),
        "{}",
        ignored.stderr
    );
    assert_eq!(ray.applications(), ["fruit_app"]);
    let nothing = delete(&ray, &["fruit", "--ignore-not-found"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(0), ""));
    assert_eq!(ray.submitted().len(), 1);
}

#[test]
fn a_dry_run_deletes_nothing() {
    let ray = two_apps("2.60.0");
    let one = delete(&ray, &["application/math_app", "--dry-run=client"]);
    assert_eq!(one.stdout, "application/math_app deleted (dry run)\n");
    let all = delete(&ray, &["--dry-run=client"]);
    assert_eq!(
        (all.stdout.as_str(), all.stderr.as_str()),
        (
            "application/fruit_app deleted (dry run)\napplication/math_app deleted (dry run)\n",
            ""
        )
    );
    assert_eq!(ray.server.methods(), ["GET", "GET"]);
}

#[test]
fn what_a_config_cannot_remove_is_told() {
    let by_hand = json!({"status": "RUNNING", "source": "imperative", "deployed_app_config": null});
    let ray = Ray::with(state(&json!({ "a": by_hand })));
    assert_fails(
        &delete(&ray, &["a"]),
        &format!(
            "application/a was started from Python (serve.run), which no Serve config removes\nhint: end it there with serve.delete(\"a\"), or shut Serve down with kubectl ray serve delete x --address {}",
            ray.url()
        ),
    );
}

#[test]
fn without_waiting_it_ends_when_ray_has_taken_it_over() {
    let leaving = json!({"status": "DELETING"});
    let application = running(&json!({"name": "a"}));
    let ray = Ray::with(
        Scenario::of(state(&json!({ "a": application })))
            .after_put(state(&json!({ "a": leaving }))),
    );
    let deleted = delete(&ray, &["a", "--wait=false"]);
    assert_eq!(
        (deleted.code, deleted.stdout.as_str()),
        (Some(0), "application/a deleted\n"),
        "{}",
        deleted.stderr
    );
    let waited = delete(&ray, &["a", "--timeout", PATIENCE]);
    assert_fails_at_the_end(
        &waited,
        "timed out waiting for raycluster/x: application/a is DELETING; the removal goes on\nhint: raise --timeout to wait longer",
    );
    assert_eq!(ray.submitted().len(), 1, "it is leaving already");
}

#[test]
fn a_lost_answer_to_a_shutdown_that_worked_is_a_success() {
    let running = recorded("2.60.0", "get_two_apps_running").1;
    let ray =
        Ray::with(Scenario::of(running.clone()).loses_the_answer(On::Delete, 1, || Reply::Cut));
    let deleted = delete(&ray, &[]);
    assert_eq!(
        (
            deleted.code,
            deleted.stdout.as_str(),
            deleted.stderr.as_str()
        ),
        (
            Some(0),
            "application/fruit_app deleted\napplication/math_app deleted\n",
            "Serve on raycluster/x is shut down.\n"
        )
    );
    assert_eq!(ray.changes(), ["DELETE"]);

    let silent = Ray::with(Scenario::of(running).refuses(On::Delete, ALWAYS, || Reply::Silence));
    let url = silent.server.url();
    assert_fails(
        &delete(&silent, &["--request-timeout", PATIENCE]),
        &format!(
            "the Ray dashboard at {url}/ did not answer the shutdown of Serve within {PATIENCE}; it may have got through\n\
             hint: see kubectl ray serve get x --request-timeout {PATIENCE} --address {url}\n      raise --request-timeout to wait longer"
        ),
    );
}

fn assert_fails_at_the_end(run: &Run, sentence: &str) {
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(1), ""),
        "{}",
        run.stderr
    );
    assert_eq!(last_error(run), format!("error: {sentence}"));
}
