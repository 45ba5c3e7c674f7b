//! The head is lost while somebody looks: whatever goes on says so, and goes on with the next head.

use std::time::Duration;

use e2e::{CLUSTER, Watching, eventually, http, lab, serving_kind};

/// A head takes half a minute to start, more where others are busy.
const NEXT_HEAD: Duration = Duration::from_secs(240);

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn whoever_looks_goes_on_with_the_next_head() {
    let serving = serving_kind("fruit");
    let lab = lab();
    let config = lab.example("serve_config_fruit.yaml");
    serving.submit(&config, &["--wait"]).ok();
    serving.call("/fruit", "[\"MANGO\", 2]");
    let there = |verb: &str, more: &[&str]| {
        let there = [verb, CLUSTER, "-n", serving.namespace()];
        Watching::ray_serve(&[&there[..], more].concat())
    };
    let mut rows = there("get", &["-w"]);
    let mut tree = there("status", &["-w"]);
    let mut logs = there("logs", &["fruit_app", "-f"]);
    let mut page = there("dashboard", &[]);
    let rows_at = rows.await_line(0, &["fruit_app", "RUNNING"]);
    let tree_at = tree.await_line(0, &["application/fruit_app", "RUNNING"]);
    let logs_at = logs.await_line(0, &["fruit_app/MangoStand/", " OK "]);
    let page_at = page.await_line(0, &["http://127.0.0.1:"]);
    let url = page.said()[page_at - 1].clone();
    assert_eq!(http::get(&url).unwrap().status, 200);

    let head = serving.head();
    lab.kubectl(&["delete", "-n", serving.namespace(), &head, "--wait=false"])
        .ok();
    let away = "has no ready head";
    let tree_at = tree.await_line(tree_at, &["problem: ", away]);
    let rows_at = rows.await_line(rows_at, &["stderr: ", away, "still watching"]);
    let logs_at = logs.await_line(logs_at, &["stderr: ", away, "still watching"]);
    let told = eventually("a page that says why", Duration::from_secs(60), || {
        let answer = http::get(&url)?;
        if answer.status == 502 && answer.body.contains(away) {
            Ok(answer)
        } else {
            Err(format!("{answer:?}"))
        }
    });
    assert_eq!(told.body.trim_end().lines().count(), 1, "{told:?}");
    page.await_line(
        page_at,
        &["stderr: ", away, "the page works again when it does"],
    );

    // A head that comes back has lost its applications.
    let rows_at = rows.await_line(rows_at, &["fruit_app", "<gone>"]);
    let tree_at = tree.await_line(tree_at, &["application/fruit_app: gone"]);
    let logs_at = logs.await_line(logs_at, &["stderr: ", "answers again."]);
    eventually("the next head's page", NEXT_HEAD, || {
        let answer = http::get(&url)?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(format!("{answer:?}"))
        }
    });

    serving.submit(&config, &["--wait"]).ok();
    rows.await_line(rows_at, &["fruit_app", "RUNNING"]);
    tree.await_line(tree_at, &["application/fruit_app", "RUNNING"]);
    serving.call("/fruit", "[\"MANGO\", 2]");
    logs.await_line(logs_at, &["fruit_app/MangoStand/", " OK "]);
    for (watching, code) in [(&mut page, Some(0)), (&mut logs, None), (&mut rows, None)] {
        watching.interrupt();
        assert_eq!(watching.end(), code, "{:?}", watching.said());
    }
}
