//! Answers that are long, that come bit by bit, or that are cut in the middle.

use e2e::{CLUSTER, On, Relay, Serving, Watching, lab, serving, serving_kind};
use serde_json::{Value, json};

/// More than Ray, the API server or the tunnel keep in one piece: 10 MB.
const LINES: usize = 800_000;
/// A cut in the middle of any of these answers.
const MIDDLE: u64 = 3_000_000;

/// `tests/e2e/app/answers.py` with this in its `user_config`, running.
fn deploy(serving: &Serving, user_config: &Value) {
    let config = json!({"applications": [{
        "name": "answers", "route_prefix": "/answers", "import_path": "answers:app",
        "deployments": [{"name": "Answers", "user_config": user_config}],
    }]});
    let code = ["--working-dir", "tests/e2e/app", "--wait"];
    serving.submit(&config.to_string(), &code).ok();
}

fn lines(count: usize) -> String {
    (0..count)
        .map(|number| format!("line {number:07}\n"))
        .collect()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_long_answer_is_printed_whole_or_the_call_fails() {
    let serving = serving_kind("answers");
    deploy(&serving, &json!({}));
    let path = format!("/answers/lines/{LINES}");
    let whole = lines(LINES);
    let ran = serving.ray_serve("call", &[&path]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout == whole, "{} bytes", ran.stdout.len());

    let relay = Relay::to_api_server(lab());
    let [server, name] = relay.flags();
    relay.cut_after(MIDDLE);
    let ran = serving.ray_serve("call", &[&path, &server, &name]);
    assert!(relay.has_cut());
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stdout.len() < whole.len() && whole.starts_with(&ran.stdout),
        "{} bytes",
        ran.stdout.len()
    );
    let sentence = "broke before the answer to the request was complete";
    assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
    let hint = "hint: if the network between cuts WebSockets, try --via proxy";
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!((lines.len(), lines[1]), (2, hint), "{}", ran.stderr);

    // What is sent may be as long.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &whole).unwrap();
    let data = format!("@{}", file.path().display());
    let ran = serving
        .ray_serve("call", &["/answers/length", "-d", &data])
        .ok();
    assert_eq!(ran.stdout, whole.len().to_string());
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_streamed_answer_is_printed_as_it_comes() {
    let serving = serving_kind("answers");
    deploy(&serving, &json!({}));
    let there = ["call", CLUSTER, "-n", serving.namespace()];
    let mut call = Watching::ray_serve(&[&there[..], &["/answers/stream"]].concat());
    let first = call.await_line(0, &["data: first"]);
    // It waits for this before it says any more.
    serving
        .ray_serve("call", &["/answers/go-on", "-X", "POST"])
        .ok();
    call.await_line(first, &["data: last"]);
    assert_eq!(call.end(), Some(0), "{:?}", call.said());
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_large_config_is_read_whole_also_where_the_tunnel_is_cut() {
    let serving = serving_kind("answers");
    let padding = lines(LINES / 2);
    deploy(&serving, &json!({"padding": padding}));
    let relay = Relay::to_api_server(lab());
    let flags = relay.flags();
    let flags = flags.each_ref().map(String::as_str);
    let ask = |verb: &str, more: &[&str]| {
        relay.cut_after(MIDDLE);
        let ran = serving.ray_serve(verb, &[more, &flags].concat());
        assert!(relay.has_cut());
        assert_eq!(ran.code, Some(0), "{verb}: {}", ran.stderr);
        ran
    };
    for (format, path) in [
        (
            "raw",
            "/applications/answers/deployed_app_config/deployments/0/user_config/padding",
        ),
        (
            "json",
            "/applications/answers/deployedAppConfig/deployments/0/userConfig/padding",
        ),
    ] {
        let told = ask("get", &["-o", format]).json();
        assert!(told.pointer(path).unwrap() == padding.as_str(), "{format}");
    }
    let config = ask("config", &["-o", "json"]).stdout;
    assert!(config.len() > padding.len());
    serving
        .submit(&config, &[])
        .ok()
        .says_on(On::Stdout, "application/answers unchanged");
}

/// The numbers that `/log` has put into a log, in their order.
fn noise<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    let numbers = lines
        .into_iter()
        .filter_map(|line| line.split_once("noise "));
    numbers.map(|(_, number)| number.parse().unwrap()).collect()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_long_log_is_read_whole_also_where_the_tunnel_is_cut() {
    const NOISE: usize = 100_000;
    let serving = serving();
    deploy(&serving, &json!({}));
    let log = format!("/answers/log/{NOISE}");
    serving.ray_serve("call", &[&log, "-X", "POST"]).ok();
    let all = serving.ray_serve("logs", &["--tail", "1"]).ok().stdout;
    let replica = all.split(' ').next().unwrap();

    let whole: Vec<usize> = (0..NOISE).collect();
    let relay = Relay::to_api_server(lab());
    let flags = relay.flags();
    let flags = flags.each_ref().map(String::as_str);
    let read = |more: &[&str]| {
        let ran = serving.ray_serve("logs", &[&[replica], more].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{more:?}");
        ran.stdout
    };
    for cut in [false, true] {
        let more = if cut { &flags[..] } else { &[] };
        for (tail, from) in [(None, 0), (Some("50000"), NOISE + 1 - 50_000)] {
            relay.cut_after(if cut { MIDDLE } else { 0 });
            let tail = tail.map_or(Vec::new(), |tail| vec!["--tail", tail]);
            let text = read(&[&tail, more].concat());
            assert!(relay.has_cut());
            // Its last line is about the request that made the noise.
            assert!(noise(text.lines()) == whole[from..], "{tail:?} {cut}");
        }
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_followed_log_has_each_line_once_across_an_outage() {
    let serving = serving();
    deploy(&serving, &json!({}));
    let make_noise = |count: usize| {
        let path = format!("/answers/log/{count}");
        serving.ray_serve("call", &[&path, "-X", "POST"]).ok();
    };
    let path = "/answers/length";
    serving.ray_serve("call", &[path, "-d", "x"]).ok();
    let relay = Relay::to_api_server(lab());
    let [server, name] = relay.flags();
    let there = ["logs", CLUSTER, "answers", "-f", "-n", serving.namespace()];
    let there = [&there[..], &[server.as_str(), name.as_str()]].concat();
    let mut logs = Watching::ray_serve(&there);
    let at = logs.await_line(0, &[path]);
    make_noise(2000);
    let at = logs.await_line(at, &["noise 0001999"]);

    relay.go_down();
    let at = logs.await_line(at, &["stderr: ", "still watching"]);
    // More than is looked back for at first.
    make_noise(3000);
    relay.come_back();
    logs.await_line(at, &["stderr: ", "answers again."]);
    // From the outage on: lines and notes come in two pipes, whose order among each other is not kept.
    let at = logs.await_line(at, &["noise 0002999"]);
    make_noise(10);
    logs.await_line(at, &["noise 0000009"]);
    let said = logs.said();
    let made = [2000, 3000, 10].into_iter().flat_map(|count| 0..count);
    assert!(noise(said.iter().map(String::as_str)).into_iter().eq(made));
}
