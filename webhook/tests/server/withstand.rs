//! An attack on a webhook in a process of its own, and good reviews meanwhile.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hyper::StatusCode;
use tokio::task::JoinHandle;

use crate::running::Process;
use crate::support::{Connection, create_review, eventually};

/// Half of the limit that the chart sets.
const MAX_MEMORY: usize = 64 << 20;
/// What good clients are answered while an attack is at its height: enough to be more than luck.
const MEANWHILE: usize = 10;

/// Attacks a fresh process. What `attack` returns keeps the attack going until good clients have
/// been answered in spite of it.
pub(crate) async fn withstands<T>(name: &str, attack: impl AsyncFnOnce(&Arc<Process>) -> T) {
    let process = Arc::new(Process::start(&[]).await);
    let good = GoodClients::start(&process);
    let going_on = attack(&process).await;
    good.are_answered(MEANWHILE).await;
    drop(going_on);
    let answered = good.stop().await;
    report(name, &process, answered);
}

pub(crate) fn assert_small(name: &str, process: &Process) -> usize {
    let peak = process.memory("VmHWM");
    assert!(peak < MAX_MEMORY, "{name}: {} MiB", peak >> 20);
    peak
}

/// Prints the figures past the test's captured output.
pub(crate) fn report(name: &str, process: &Process, answered: usize) {
    let peak = assert_small(name, process) >> 20;
    let _ = writeln!(
        std::io::stderr(),
        "memory: {name}: {peak} MiB at the peak, {answered} good reviews answered meanwhile",
    );
}

/// One that keeps its connection, as the API server does, and one that comes anew every time.
/// Every review of theirs has to be answered.
pub(crate) struct GoodClients {
    over: Arc<AtomicBool>,
    clients: [(Arc<AtomicUsize>, JoinHandle<()>); 2],
}

impl GoodClients {
    pub(crate) fn start(process: &Arc<Process>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let client = |stays: bool| {
            let answered = Arc::new(AtomicUsize::new(0));
            let running = review_until(process.clone(), stays, over.clone(), answered.clone());
            (answered, tokio::spawn(running))
        };
        Self {
            clients: [client(true), client(false)],
            over: over.clone(),
        }
    }

    /// Returns when each of them has been answered so many times more.
    pub(crate) async fn are_answered(&self, more: usize) {
        for (answered, running) in &self.clients {
            let goal = answered.load(Ordering::Relaxed) + more;
            eventually("good reviews are answered", async || {
                assert!(!running.is_finished(), "a good client failed");
                answered.load(Ordering::Relaxed) >= goal
            })
            .await;
        }
    }

    pub(crate) async fn stop(self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        let mut all = 0;
        for (answered, running) in self.clients {
            running.await.expect("every good review is answered");
            all += answered.load(Ordering::Relaxed);
        }
        all
    }
}

async fn review_until(
    process: Arc<Process>,
    stays: bool,
    over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
) {
    let connect = async || Connection::http2(process.reviews, &process.trusted).await;
    let mut connection = connect().await;
    while !over.load(Ordering::Relaxed) {
        let response = connection.send(create_review()).await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        answered.fetch_add(1, Ordering::Relaxed);
        if !stays {
            connection = connect().await;
        }
    }
}
