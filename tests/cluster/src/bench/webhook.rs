//! `cargo cluster bench webhook`.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use serde_json::Value;

use super::{
    load::{Bounds, Clients, Question, Seen},
    pairs::{Figure, alternate, median},
    report::{Goal, Report, Unit},
    review::admission_review,
    server::{Server, free_address},
};
use crate::{
    http,
    install::{
        go::OPERATOR,
        programs::{self, Profile},
    },
    layout::{Layout, write},
    progress::{note, step},
    up,
    versions::KUBERAY,
};

const ROUND: Bounds = Bounds {
    connections: 8,
    requests_each: 10_000,
    time: Duration::from_secs(2),
};
const STARTS: u32 = 20;

/// A namespace that nothing is in: the second operator must not do the first one's work.
const NOBODYS: &str = "kubectl-ray-bench-nothing";
/// controller-runtime's, for which the operator has no flag.
const OPERATOR_WEBHOOK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9443);

/// One server's part of a round.
struct Round {
    seen: Seen,
    processor_time: f64,
}

pub(super) fn bench(layout: &Layout, rounds: u32) -> Result<()> {
    up::up(layout, &crate::versions::Versions::default())?;
    let binary = programs::build(layout, Profile::Shipped)?;
    let dir = tempfile::tempdir()?;
    let root = make_certificate(dir.path())?;
    let clients = Clients::new(root)?;
    let body = Bytes::from(serde_json::to_vec(&admission_review())?);

    let start_to_ready = (0..STARTS).map(|_| {
        let (server, _) = start_ours(layout, &binary, dir.path())?;
        Ok(server.ready_after.as_secs_f64())
    });
    let start_to_ready = median(start_to_ready.collect::<Result<_>>()?);

    let (ours, address) = start_ours(layout, &binary, dir.path())?;
    let our_question = Question {
        address,
        path: "/mutate",
        body: body.clone(),
    };
    let theirs = start_operator(layout, dir.path())?;
    let their_question = Question {
        address: OPERATOR_WEBHOOK,
        path: "/validate-ray-io-v1-raycluster",
        body,
    };
    // What is refused, or not looked at, is no work to measure.
    let mutated = ask(&clients, &our_question)?;
    ensure!(
        mutated["response"]["patchType"] == "JSONPatch",
        "the webhook did not mutate the RayCluster it is measured with: {mutated}"
    );
    ask(&clients, &their_question)?;

    let progress = step(format!(
        "{rounds} rounds of {} s each, {} connections, {} bytes a request",
        ROUND.time.as_secs(),
        ROUND.connections,
        our_question.body.len()
    ));
    let round = |server: &Server, question: &Question| -> Result<Round> {
        let before = server.processor_time()?;
        let seen = clients.load(question, &ROUND)?;
        let processor_time = server.processor_time()? - before;
        Ok(Round {
            seen,
            processor_time,
        })
    };
    let pairs = alternate(
        rounds,
        || round(&ours, &our_question),
        || round(&theirs, &their_question),
    )?;
    progress.done();

    let (our_memory, their_memory) = (ours.memory()?, theirs.memory()?);
    let memory = Figure {
        ours: our_memory,
        theirs: their_memory,
        ratio: our_memory / their_memory,
    };
    let third = Goal::RatioAtMost(1.0 / 3.0);
    let mut report = Report::new("REVIEWS", "RAY-SERVE-WEBHOOK", "KUBERAY-OPERATOR");
    let throughput = pairs.medians(|round| round.seen.throughput());
    report.compare(
        "requests",
        Unit::PerSecond,
        throughput,
        Goal::RatioAtLeast(3.0),
    );
    let p50 = pairs.medians(|round| round.seen.latency(0.5));
    report.compare("p50", Unit::Time, p50, Goal::None);
    let p99 = pairs.medians(|round| round.seen.latency(0.99));
    report.compare("p99", Unit::Time, p99, third);
    let each = pairs.medians(|round| round.processor_time / round.seen.requests());
    report.compare("processor time of one", Unit::Time, each, Goal::None);
    report.compare("memory after the load", Unit::Bytes, memory, third);
    report.alone("start to ready", Unit::Time, start_to_ready, 0.2);
    print!("{report}");
    note(format!(
        "KubeRay {KUBERAY} validates and this webhook mutates the same review, in turns, on one machine; medians of {rounds} rounds"
    ));
    Ok(())
}

/// The answer, which must admit.
fn ask(clients: &Clients, question: &Question) -> Result<Value> {
    let answer: Value = serde_json::from_slice(&clients.ask(question)?)
        .with_context(|| format!("{} does not answer with JSON", question.path))?;
    ensure!(
        answer["response"]["allowed"] == true,
        "{} did not admit the RayCluster it is measured with: {answer}",
        question.path
    );
    Ok(answer)
}

fn start_ours<'a>(
    layout: &'a Layout,
    binary: &Path,
    dir: &Path,
) -> Result<(Server<'a>, SocketAddr)> {
    let (listen, admin) = (free_address()?, free_address()?.to_string());
    let mut command = Command::new(binary);
    command
        .args(["--listen", &listen.to_string(), "--admin-listen", &admin])
        .args(["--shutdown-delay", "0s"])
        .arg("--tls-cert")
        .arg(dir.join(CERTIFICATE))
        .arg("--tls-key")
        .arg(dir.join(KEY));
    let ready = || http::is_ok(&admin, "/readyz");
    let server = Server::start(layout, "bench-webhook", &mut command, ready)?;
    Ok((server, listen))
}

fn start_operator<'a>(layout: &'a Layout, dir: &Path) -> Result<Server<'a>> {
    let probe = free_address()?.to_string();
    let mut command = Command::new(layout.command(OPERATOR));
    command
        .env("KUBECONFIG", layout.kubeconfig())
        .env("ENABLE_WEBHOOKS", "true")
        // It reads its certificate from a fixed directory below this one.
        .env("TMPDIR", dir)
        .args(["-enable-leader-election=false", "-metrics-addr=127.0.0.1:0"])
        .arg(format!("-health-probe-bind-address={probe}"))
        .arg(format!("-watch-namespace={NOBODYS}"));
    Server::start(layout, "bench-kuberay-operator", &mut command, || {
        http::is_ok(&probe, "/readyz") && TcpStream::connect(OPERATOR_WEBHOOK).is_ok()
    })
}

/// Where controller-runtime looks for them, below TMPDIR.
const CERTIFICATE: &str = "k8s-webhook-server/serving-certs/tls.crt";
const KEY: &str = "k8s-webhook-server/serving-certs/tls.key";

/// One certificate for both servers; returns what clients have to trust.
fn make_certificate(dir: &Path) -> Result<rustls::pki_types::CertificateDer<'static>> {
    let made = rcgen::generate_simple_self_signed([Ipv4Addr::LOCALHOST.to_string()])?;
    let certificate = dir.join(CERTIFICATE);
    fs::create_dir_all(certificate.parent().context("no directory")?)?;
    write(&certificate, made.cert.pem())?;
    write(&dir.join(KEY), made.signing_key.serialize_pem())?;
    Ok(made.cert.der().clone())
}
