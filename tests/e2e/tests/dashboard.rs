//! Ray's own page at an address of this machine.

use std::net::TcpStream;

use e2e::{CLUSTER, Serving, Watching, http, lab, serving};
use serde_json::Value;

fn dashboard(serving: &Serving, more: &[&str]) -> (Watching, String) {
    let there = ["dashboard", CLUSTER, "-n", serving.namespace()];
    let mut page = Watching::ray_serve(&[&there[..], more].concat());
    page.await_line(0, &["stderr: ", "Ctrl-C ends it."]);
    let said = page.said();
    let url = said.iter().find(|line| line.starts_with("http://"));
    let url = url.unwrap_or_else(|| panic!("no address in {said:?}"));
    (page, url.clone())
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_page_is_ray_s_and_its_port_is_free_again_after_ctrl_c() {
    let serving = serving();
    let (mut page, url) = dashboard(&serving, &[]);
    let html = http::get(&url).unwrap();
    assert!(
        html.status == 200 && html.body.contains("<title>Ray Dashboard</title>"),
        "{html:?}"
    );
    let version = http::get(&format!("{url}api/version")).unwrap();
    let version: Value = serde_json::from_str(&version.body).unwrap();
    assert_eq!(version["ray_version"], lab().prepared.ray.as_str());

    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let port = host.rsplit(':').next().unwrap();
    serving
        .ray_serve("dashboard", &["--port", port])
        .fails_in_one_sentence()
        .says(&format!("cannot listen on {host}: Address already in use"))
        .says("take another --port");

    // A browser leaves connections open.
    let open = TcpStream::connect(host).unwrap();
    page.interrupt();
    assert_eq!(page.end(), Some(0), "{:?}", page.said());
    assert!(TcpStream::connect(host).is_err());
    drop(open);

    let (mut page, again) = dashboard(&serving, &["--port", port]);
    assert_eq!(again, url);
    page.interrupt();
    assert_eq!(page.end(), Some(0), "{:?}", page.said());
}
