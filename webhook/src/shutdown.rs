//! How the webhook stops without costing an admission.
//!
//! On the first SIGTERM or SIGINT it is unready at once but goes on serving for a while, since
//! other API servers and nodes learn only by and by that this replica is leaving. Then it accepts
//! nothing more, finishes what is in flight, and ends. A second signal ends it on the spot.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Draining,
    Closing,
}

/// What the parts of the server look at.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Phase>);

impl Shutdown {
    /// Whether the end has been announced; requests are still served.
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Phase::Draining
    }

    /// Resolves when connections are to be closed.
    pub async fn closing(&mut self) {
        if self
            .0
            .wait_for(|phase| *phase == Phase::Closing)
            .await
            .is_err()
        {
            // Nobody is left who could ask for it.
            std::future::pending::<()>().await;
        }
    }
}

/// What starts the end.
#[derive(Debug)]
pub struct Trigger(watch::Sender<Phase>);

pub fn channel() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(Phase::Serving);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Announces the end, and closes after `delay`.
    pub async fn shut_down(&self, delay: Duration) {
        self.0.send_replace(Phase::Draining);
        tokio::time::sleep(delay).await;
        self.0.send_replace(Phase::Closing);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("stopped by a second signal before the requests in flight were finished")]
pub struct Aborted;

/// The signals that end the process, listened to from the moment this is made.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Turns the first signal into a shutdown; returns only at the second.
    pub async fn drive(mut self, trigger: Trigger, delay: Duration) -> Aborted {
        let name = self.next().await;
        tracing::info!(signal = name, ?delay, "shutting down, still serving");
        let shut_down = trigger.shut_down(delay);
        tokio::pin!(shut_down);
        tokio::select! {
            _ = self.next() => return Aborted,
            () = &mut shut_down => {}
        }
        self.next().await;
        Aborted
    }
}
