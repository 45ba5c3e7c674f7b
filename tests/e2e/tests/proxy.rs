//! `--via proxy`: all of it over plain HTTP, where the network lets no WebSocket through.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use e2e::{CLUSTER, Gateway, On, Ran, Serving, Watching, WebSockets, lab, serving, serving_anew};
use tempfile::TempDir;

const FRUIT: &str = "serve_config_fruit.yaml";

/// An application whose answer to /stream goes on only when /go is asked for.
const STREAM: &str = r#"
import asyncio

from fastapi import FastAPI
from ray import serve
from starlette.responses import StreamingResponse

api = FastAPI()


@serve.deployment(ray_actor_options={"num_cpus": 0.1})
@serve.ingress(api)
class Stream:
    def __init__(self):
        self.go = asyncio.Event()

    @api.get("/stream")
    async def stream(self):
        async def pieces():
            yield "one\n"
            await self.go.wait()
            yield "two\n"

        return StreamingResponse(pieces(), media_type="text/plain")

    @api.post("/go")
    async def goes(self):
        self.go.set()
        return "gone"


app = Stream.bind()
"#;

/// A user with the rights of both roles and no right to forward ports, behind a gateway.
struct Behind<'a> {
    serving: &'a Serving,
    gateway: Gateway,
    token: String,
}

impl<'a> Behind<'a> {
    fn new(serving: &'a Serving, websockets: WebSockets) -> Self {
        let (lab, namespace) = (lab(), serving.namespace());
        let account = format!(
            "subjects:\n  - kind: ServiceAccount\n    name: default\n    namespace: {namespace}\n"
        );
        for (example, name) in [
            ("role.yaml", "ray-serve-user"),
            ("role_proxy.yaml", "ray-serve-proxy"),
        ] {
            let role = lab.example(example);
            let (role, _) = role.split_once("subjects:").unwrap();
            let role = role.replace(name, &format!("e2e-behind-{name}"));
            lab.apply(namespace, &(role + &account)).ok();
        }
        let token = lab.kubectl(&["create", "token", "default", "-n", namespace]);
        Self {
            serving,
            gateway: Gateway::to_api_server(lab, websockets),
            token: token.ok().stdout.trim().to_owned(),
        }
    }

    fn flags(&self) -> Vec<String> {
        let user = ["--token".to_owned(), self.token.clone()];
        [&self.gateway.flags()[..], &user].concat()
    }

    fn ray_serve(&self, verb: &str, more: &[&str]) -> Ran {
        let flags = self.flags();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        self.serving.ray_serve(verb, &[more, &flags[..]].concat())
    }

    fn submit(&self, config: &str, more: &[&str]) -> Ran {
        let flags = self.flags();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        self.serving.submit(config, &[more, &flags[..]].concat())
    }

    fn watch(&self, verb: &str, more: &[&str]) -> Watching {
        let mut command = lab().prepared.command("kubectl");
        command.args([
            "ray",
            "serve",
            verb,
            CLUSTER,
            "-n",
            self.serving.namespace(),
        ]);
        Watching::start(command.args(more).args(self.flags()))
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_network_without_websockets_is_told_of_the_other_way() {
    let serving = serving();
    for (websockets, cause) in [
        (WebSockets::Ignored, "400 Bad Request"),
        (WebSockets::Refused, "403 Forbidden"),
        (WebSockets::Cut, "broke before the answer"),
    ] {
        let behind = Behind::new(&serving, websockets);
        behind
            .ray_serve("get", &[])
            .fails_in_one_sentence()
            .says(cause)
            .says("try --via proxy");
    }
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn every_command_works_without_websockets() {
    const VIA: [&str; 2] = ["--via", "proxy"];
    let serving = serving();
    let behind = Behind::new(&serving, WebSockets::Refused);
    let ray_serve = |verb: &str, more: &[&str]| behind.ray_serve(verb, &[more, &VIA[..]].concat());
    let code = TempDir::new().unwrap();
    std::fs::write(code.path().join("streams.py"), STREAM).unwrap();
    let config = lab().example(FRUIT)
        + "  - {name: streams, route_prefix: /streams, import_path: 'streams:app'}\n";
    let directory = format!("streams={}", code.path().display());
    behind
        .submit(
            &config,
            &["--wait", "--working-dir", &directory, "--via", "proxy"],
        )
        .ok()
        .says("uploaded: 1 file")
        .says_on(On::Stderr, "application/streams: RUNNING");

    ray_serve("get", &[])
        .ok()
        .says_row(&["fruit_app", "RUNNING"])
        .says_row(&["streams", "RUNNING"]);
    ray_serve("status", &[]).ok().says("application/streams");
    ray_serve("config", &[])
        .ok()
        .says("import_path: streams:app");
    let flags = behind.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let all = ["get", "-n", serving.namespace(), "--via", "proxy"];
    lab()
        .ray_serve(&[&all[..], &flags].concat())
        .ok()
        .says_row(&[CLUSTER, "2/2"]);

    ray_serve("call", &["/streams/none"]).says("answered 404 Not Found");
    let mut log = behind.watch("logs", &["streams", "-f", "--via", "proxy"]);
    log.await_line(0, &["streams/Stream/"]);
    let mut stream = behind.watch("call", &["/streams/stream", "--via", "proxy"]);
    let one = stream.await_line(0, &["one"]);
    let ran = ray_serve("call", &["/streams/go", "-X", "POST"]).ok();
    assert_eq!(ran.stdout, "\"gone\"", "{ran}");
    stream.await_line(one, &["two"]);
    log.await_line(0, &["streams/Stream/", "/streams/go"]);
    let ran = ray_serve("call", &["/fruit", "-d", "[\"MANGO\", 2]"]).ok();
    assert_eq!(ran.stdout, "6", "{ran}");
    let log = ray_serve("logs", &["fruit_app/MangoStand"]).ok();
    assert!(log.stdout.contains("MangoStand"), "{log}");
    let ran = ray_serve("call", &["/typo"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    ran.says("answered 404 Not Found\nhint: applications are at /fruit");

    ray_serve("delete", &["streams"])
        .ok()
        .says_on(On::Stdout, "application/streams deleted");
    ray_serve("delete", &[])
        .ok()
        .says_on(On::Stdout, "application/fruit_app deleted");
}

/// The page's own links are relative, and what it asks for is Ray's.
#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_dashboard_s_page_is_whole_without_websockets() {
    let serving = serving();
    let behind = Behind::new(&serving, WebSockets::Refused);
    let mut dashboard = behind.watch("dashboard", &["--via", "proxy"]);
    dashboard.await_line(0, &["http://127.0.0.1:"]);
    let said = dashboard.said();
    let url = said.iter().find(|line| line.starts_with("http")).unwrap();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let get = |path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let page = get("/");
    assert!(page.contains("<title>Ray Dashboard</title>"), "{page}");
    let (_, script) = page.split_once(" src=\"").unwrap();
    let (script, _) = script.split_once('"').unwrap();
    let script = get(&format!("/{}", script.trim_start_matches("./")));
    assert!(script.starts_with("HTTP/1.0 200"), "{}", &script[..500]);
    assert!(get("/api/version").contains(&lab().prepared.ray));
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_right_that_is_missing_is_named() {
    let serving = serving();
    let (lab, via) = (lab(), ["--via", "proxy", "--as", "e2e-via"]);
    let apply = |verbs: &str, name: &str| {
        for (example, old) in [
            ("role.yaml", "ray-serve-user"),
            ("role_proxy.yaml", "ray-serve-proxy"),
        ] {
            let role = lab.example(example).replace("name: ada", "name: e2e-via");
            let role = role.replace(old, &format!("e2e-via-{old}"));
            let verbs = format!("verbs: [{verbs}]\n    resourceNames: [{name}]");
            let role = role.replace("verbs: [get, update, delete, create]", &verbs);
            lab.apply(serving.namespace(), &role).ok();
        }
    };
    let dashboard = "\"http:test-cluster-head-svc:8265\"";
    apply("get", "\"http:other-head-svc:8265\"");
    serving
        .ray_serve("get", &via)
        .fails_in_one_sentence()
        .says("service/test-cluster-head-svc")
        .says("the verb get on services/proxy");
    apply("get", dashboard);
    serving.ray_serve("get", &via).ok();
    serving
        .submit(&lab.example(FRUIT), &via)
        .fails_in_one_sentence()
        .says("the verb update on services/proxy");
    apply("get, update", dashboard);
    serving
        .submit(&lab.example(FRUIT), &[&via[..], &["--wait"]].concat())
        .ok();
    serving
        .ray_serve("delete", &via)
        .fails_in_one_sentence()
        .says("the verb delete on services/proxy");
    serving
        .ray_serve("call", &[&["/fruit", "-d", "x"], &via[..]].concat())
        .fails_in_one_sentence()
        .says("the verb create on services/proxy");
    apply("get, update, delete", dashboard);
    serving.ray_serve("delete", &via).ok();
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_port_that_the_service_has_not_got_is_told() {
    let serving = serving_anew();
    let elsewhere = lab().example(FRUIT) + "http_options: {port: 8123}\n";
    serving.submit(&elsewhere, &["--wait"]).ok();
    let call = ["/fruit", "-d", "[\"MANGO\", 2]"];
    assert_eq!(serving.ray_serve("call", &call).ok().stdout, "6");
    serving
        .ray_serve("call", &[&call[..], &["--via", "proxy"]].concat())
        .fails_in_one_sentence()
        .says("service/test-cluster-head-svc")
        .says("has no port 8123, which --via proxy needs");
}
