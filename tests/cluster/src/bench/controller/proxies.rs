//! The Serve proxies of all pods: one server on this machine that has all their addresses.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::api::Api;
use crate::command::run;

/// The pods' addresses: of those that are set apart for benchmarks (RFC 2544), so that they are nobody's.
const ADDRESSES: &str = "198.18.0.0/16";
const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
/// Longer than any request of a probe.
const REQUEST: usize = 1024;

/// The address of a pod, by its number.
pub(super) fn address(pod: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(FIRST.to_bits() + pod)
}

/// As long as it lives, the addresses are this machine's, and answer.
pub(super) struct Proxies {
    /// On which they answer; every other port refuses.
    pub(super) port: u16,
}

impl Proxies {
    pub(super) fn start(api: &Api) -> Result<Self> {
        let taken = run(Command::new("ip").args(["-4", "route", "show", "root", ADDRESSES]))?;
        ensure!(
            taken.is_empty(),
            "this machine has a route to some of {ADDRESSES}, which the bench needs: {taken}"
        );
        // Any of the ports that are free on all addresses of this machine.
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0));
        let listener = api.wait(listener).context("cannot listen")?;
        let port = listener.local_addr()?.port();
        // From here on whatever fails takes the addresses back.
        let proxies = Self { port };
        route("replace")?;
        api.runtime().spawn(async move {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    // Who breaks off gets no answer.
                    tokio::spawn(async move { answer(stream).await.ok() });
                }
            }
        });
        // A probe that left this machine would be somebody else's.
        let pod = SocketAddr::from((address(0), port));
        let status = crate::http::status(&pod.to_string(), "/-/healthz");
        ensure!(status == Some(200), "{pod} is not this machine's");
        Ok(proxies)
    }
}

impl Drop for Proxies {
    fn drop(&mut self) {
        let _ = route("del");
    }
}

fn route(verb: &str) -> Result<()> {
    run(Command::new("ip").args(["route", verb, "local", ADDRESSES, "dev", "lo"]))
        .map(drop)
        .context("cannot make the pods' addresses this machine's: root is needed")
}

/// As Serve's proxy answers while an application runs.
async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::with_capacity(REQUEST);
    while !request.ends_with(b"\r\n\r\n") && request.len() < REQUEST {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let (kind, body) = if request.starts_with(b"GET /-/routes ") {
        ("application/json", r#"{"/":"app"}"#)
    } else {
        ("text/plain; charset=utf-8", "success")
    };
    let answer = format!(
        "HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-length: {}\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{PODS, SERVICES};

    /// First and last address of a range.
    fn range(cidr: &str) -> (u32, u32) {
        let (first, length) = cidr.split_once('/').unwrap();
        let first = first.parse::<Ipv4Addr>().unwrap().to_bits();
        let length: u32 = length.parse().unwrap();
        (first, first | (u32::MAX >> length))
    }

    #[test]
    fn the_addresses_are_none_of_the_cluster_and_enough() {
        let (first, last) = range(ADDRESSES);
        for theirs in [PODS, SERVICES] {
            let (their_first, their_last) = range(theirs);
            assert!(last < their_first || their_last < first, "{theirs}");
        }
        let most = super::super::MOST_CLUSTERS * super::super::PODS_EACH;
        for pod in [0, most - 1] {
            assert!((first + 1..last).contains(&address(pod).to_bits()));
        }
    }
}
