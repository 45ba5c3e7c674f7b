//! An API server that is not there, or that never answers, ends a command; it does not hang.

use std::net::TcpListener;

use e2e::lab;

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_api_server_that_refuses_is_named() {
    // Bound and dropped: nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let server = format!("https://{address}");
    lab()
        .ray_serve(&["get", "test-cluster", "--server", &server])
        .fails_in_one_sentence()
        .says(&address.to_string());
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn an_api_server_that_never_answers_ends_at_the_request_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    for verb in ["get", "delete"] {
        lab()
            .ray_serve(&[
                verb,
                "test-cluster",
                "--server",
                &server,
                "--request-timeout",
                "1s",
            ])
            .fails_in_one_sentence()
            .says("--request-timeout");
    }
}
