//! The load of a drill: three kinds of clients at once, from before the fault until after it.

use std::{
    net::SocketAddr,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{
    client::{Client, Question, ask_once},
    count::{Count, Sent},
};

/// How long an application takes for an ordinary request, and a client waits for it.
const SLEEP: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(5);
/// The same of a long request.
const LONG_SLEEP: Duration = Duration::from_secs(20);
const LONG_LIMIT: Duration = Duration::from_secs(60);

/// 100 requests a second with a connection each.
const EACH: Duration = Duration::from_millis(10);
/// 10 requests a second on one connection.
const KEPT: Duration = Duration::from_millis(100);
/// How often a long request starts.
const LONG: Duration = Duration::from_secs(2);

/// Clients at work; they end with it.
pub(super) struct Load {
    began: Instant,
    stop: watch::Sender<()>,
    thread: JoinHandle<Result<[Vec<Sent>; 3]>>,
}

/// Everything that was sent, by client.
pub(super) struct Answers {
    began: Instant,
    stopped: Instant,
    each: Vec<Sent>,
    kept: Vec<Sent>,
    long: Vec<Sent>,
}

/// What became of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// Requests with a connection each.
    pub(super) each: Count,
    /// Requests of the client that keeps its connection.
    pub(super) kept: Count,
    /// Requests of 20 s; without any where a drill does not ask for them.
    pub(super) long: Count,
}

impl Load {
    pub(super) fn start(address: SocketAddr, has_long: bool) -> Result<Self> {
        let (stop, stopped) = watch::channel(());
        // One thread: it has to leave the machine to the cluster.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the clients")?;
        let began = Instant::now();
        let thread = thread::spawn(move || {
            let question = |sleep, limit| Question {
                address,
                sleep,
                limit,
            };
            let ordinary = question(SLEEP, LIMIT);
            let long = has_long.then(|| question(LONG_SLEEP, LONG_LIMIT));
            runtime.block_on(async {
                let each = tokio::spawn(steady(ordinary, EACH, stopped.clone()));
                let kept = tokio::spawn(keeping(ordinary, KEPT, stopped.clone()));
                let long = match long {
                    Some(long) => steady(long, LONG, stopped).await,
                    None => Vec::new(),
                };
                Ok([each.await?, kept.await?, long])
            })
        });
        Ok(Self {
            began,
            stop,
            thread,
        })
    }

    /// Sends nothing more, and waits for what is under way.
    pub(super) fn stop(self) -> Result<Answers> {
        drop(self.stop);
        let stopped = Instant::now();
        let sent = self.thread.join();
        let [each, kept, long] = sent.map_err(|_| anyhow!("the clients panicked"))??;
        Ok(Answers {
            began: self.began,
            stopped,
            each,
            kept,
            long,
        })
    }
}

impl Answers {
    pub(super) fn counts(&self) -> Counts {
        self.counts_since(self.began)
    }

    pub(super) fn counts_since(&self, from: Instant) -> Counts {
        self.counts_within(from, self.stopped)
    }

    /// Of the requests that began in this time.
    pub(super) fn counts_within(&self, from: Instant, until: Instant) -> Counts {
        let count = |sent: &[Sent]| Count::new(sent, from, until);
        Counts {
            each: count(&self.each),
            kept: count(&self.kept),
            long: count(&self.long),
        }
    }
}

/// Starts a request at each tick, whatever became of the ones before.
async fn steady(question: Question, tick: Duration, mut stop: watch::Receiver<()>) -> Vec<Sent> {
    let mut ticks = interval(tick);
    let mut asked = JoinSet::new();
    let mut sent = Vec::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            Some(ended) = asked.join_next() => sent.extend(ended),
            _ = ticks.tick() => {
                asked.spawn(ask_once(question));
            }
        }
    }
    sent.extend(asked.join_all().await);
    sent
}

/// Sends one request after the other on a connection that it keeps.
async fn keeping(question: Question, tick: Duration, mut stop: watch::Receiver<()>) -> Vec<Sent> {
    let mut ticks = interval(tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut client = Client::new(question);
    let mut sent = Vec::new();
    loop {
        tokio::select! {
            _ = stop.changed() => return sent,
            _ = ticks.tick() => sent.push(client.ask().await),
        }
    }
}
