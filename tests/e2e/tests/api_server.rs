//! The API server itself is restarted while commands go on: a real one, at its own port.

use e2e::{ApiServer, CLUSTER, Serving, Watching, lab, serving_kind};

fn through(server: &ApiServer, serving: &Serving, verb: &str, more: &[&str]) -> Watching {
    let flag = server.flag();
    let there = [verb, CLUSTER, "-n", serving.namespace(), &flag];
    Watching::ray_serve(&[&there[..], more].concat())
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn commands_go_on_across_a_restart_of_the_api_server() {
    let serving = serving_kind("fruit");
    let lab = lab();
    let fruit = "examples/serve_config_fruit.yaml";
    serving
        .submit(&lab.example("serve_config_fruit.yaml"), &["--wait"])
        .ok();
    serving.call("/fruit", "[\"MANGO\", 2]");
    let mut server = ApiServer::start();
    let mut rows = through(&server, &serving, "get", &["-w"]);
    let mut logs = through(&server, &serving, "logs", &["fruit_app/MangoStand", "-f"]);
    let mut rows_at = rows.await_line(0, &["fruit_app", "RUNNING"]);
    let mut logs_at = logs.await_line(0, &[" OK "]);

    for end in [ApiServer::terminate, ApiServer::kill] {
        serving.ray_serve("delete", &[]).ok();
        let mut submit = through(&server, &serving, "submit", &["-f", fruit, "--wait"]);
        submit.await_line(0, &["stderr: ", "application/fruit_app: DEPLOYING"]);
        end(&mut server);
        rows_at = rows.await_line(rows_at, &["stderr: ", "127.0.0.1", "still watching"]);
        logs_at = logs.await_line(logs_at, &["stderr: ", "127.0.0.1", "still watching"]);
        server.start_again();
        rows.await_line(rows_at, &["stderr: ", "answers again."]);
        logs_at = logs.await_line(logs_at, &["stderr: ", "answers again."]);
        assert_eq!(submit.end(), Some(0), "{:?}", submit.said());
        let said = submit.said();
        let running = "stderr: All applications of raycluster/test-cluster are running.";
        assert!(said.iter().any(|line| line == running), "{said:?}");
    }
    serving.call("/fruit", "[\"MANGO\", 2]");
    logs.await_line(logs_at, &["fruit_app/MangoStand/", " OK "]);
    // From the outage on: rows and notes come in two pipes, whose order among each other is not kept.
    rows.await_line(rows_at, &["fruit_app", "RUNNING"]);
}
