//! What the chart's files of values and the documentation promise is what the webhook does.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::fixtures::read;
use crate::http::{assert_unchanged, fixture};
use crate::support::{annotated_cluster, review};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn in_one_line<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    lines.into_iter().collect::<Vec<_>>().join(" ")
}

/// `Fail` is about a webhook that does not answer. Whoever chooses it must not read that no cluster
/// gets past the injection: a replica that answers lets in what it cannot make ready.
#[tokio::test]
async fn what_a_replica_lets_in_is_said_where_fail_is_chosen() {
    let fixture = fixture();
    let mut too_large = annotated_cluster();
    let container = &mut too_large["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0];
    container["ports"] = Value::from(vec![json!({ "containerPort": 1 }); 100_000]);
    let case = |name: &str, file: &str| {
        let case = root().join("tests/fixtures/rayclusters").join(name);
        read(&case.join(file)).expect("the fixture")
    };
    let page = file("docs/install/webhook.md");
    let of_fail = page
        .split("\n\n")
        .find(|paragraph| paragraph.starts_with("With `Fail`, "))
        .expect("what the page says of Fail");
    for (reason, review) in [
        ("too-large", review("CREATE", &too_large, &Value::Null)),
        (
            "malformed",
            review("CREATE", &case("malformed-ports", "in.yaml"), &Value::Null),
        ),
        (
            "upgrade-recreates-pods",
            review(
                "UPDATE",
                &case("recreate-edited", "in.yaml"),
                &case("recreate-edited", "old.yaml"),
            ),
        ),
    ] {
        // Which looks that it is allowed.
        let response = fixture.response_to(&review).await;
        assert_unchanged(&response, reason);
        assert_eq!(response["warnings"].as_array().map(Vec::len), Some(1));
        assert!(of_fail.contains(&format!("`{reason}`")), "{of_fail}");
    }
    let values = file("charts/ray-serve-webhook/values-ha.yaml");
    assert!(values.contains("failurePolicy: Fail"));
    let comment = values.lines().map_while(|line| line.strip_prefix("# "));
    let comment = in_one_line(comment);
    let said = "While no replica answers, annotated RayClusters are refused. docs/install/webhook.md says how to get out of that. \
                One that a replica has seen is let in even where it could not be made ready";
    assert!(comment.contains(said), "{comment}");
}

/// On EKS Fargate a pod shares its address with the kubelet, whose port the default is.
#[test]
fn where_the_default_port_is_taken_another_one_is_named() {
    let values = file("charts/ray-serve-webhook/values.yaml");
    let (before, _) = values
        .split_once("\n  port: 10250\n")
        .expect("the default, which another one needs no word about Fargate");
    let mut comment: Vec<&str> = before
        .lines()
        .rev()
        .map_while(|line| line.trim_start().strip_prefix("# "))
        .collect();
    comment.reverse();
    let comment = in_one_line(comment);
    let said = "On EKS Fargate 10250 is taken by the pod's own kubelet: take 10260 there.";
    assert!(comment.ends_with(said), "{comment}");
    let page = in_one_line(file("docs/explanation/webhook-security.md").lines());
    let said =
        "`webhook.port: 10260` for example: EKS Fargate, where pod and kubelet share an address";
    assert!(page.contains(said), "{page}");
}
