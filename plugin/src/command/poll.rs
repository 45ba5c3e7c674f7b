//! The two loops of commands that look again and again, until something is so or for ever.

use std::fmt::Display;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::outage::Outage;
use crate::connect::flags::Limit;
use crate::error::Failure;
use crate::hint::Hint;
use crate::output::Ui;

/// How often a wait looks, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    pub(super) interval: Duration,
    pub(super) deadline: Option<Instant>,
}

/// What a wait is still waiting for, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) what: String,
    pub(super) hint: Option<String>,
}

impl Missing {
    /// The answer, which an error that may pass has kept away.
    pub(super) fn because(error: &(impl Display + Hint)) -> Self {
        Self {
            what: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl From<String> for Missing {
    fn from(what: String) -> Self {
        Self { what, hint: None }
    }
}

/// How a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End<T> {
    Came(T),
    /// The deadline did, and this is what was missing.
    TimedOut(Missing),
}

impl Wait {
    pub(super) fn new(interval: Duration, limit: Limit) -> Self {
        Self {
            interval,
            deadline: limit.0.map(|limit| Instant::now() + limit),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Looks at least once, until `look` breaks with an answer. It continues with what is missing, or
    /// with nothing where it learnt nothing new: a look that the deadline cuts off hides no reason.
    pub(super) async fn until<T>(
        self,
        mut look: impl AsyncFnMut() -> Result<ControlFlow<T, Option<Missing>>, Failure>,
    ) -> Result<End<T>, Failure> {
        let mut missing = Missing::from("there is no answer yet".to_owned());
        loop {
            match look().await? {
                ControlFlow::Break(answer) => return Ok(End::Came(answer)),
                ControlFlow::Continue(Some(news)) => missing = news,
                ControlFlow::Continue(None) => {}
            }
            if self.is_over() {
                return Ok(End::TimedOut(missing));
            }
            sleep(self.interval).await;
        }
    }
}

/// Asks and shows for ever. An absence of `subject`, who answers, is borne and told; `show` hears
/// whether there was one.
pub(super) async fn watch<T>(
    interval: Duration,
    subject: &str,
    ui: &Ui,
    mut ask: impl AsyncFnMut() -> Result<T, Failure>,
    mut show: impl FnMut(T, bool) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut outage = Outage::default();
    loop {
        match ask().await {
            Ok(answer) => {
                let was_away = outage.over(subject, ui);
                show(answer, was_away)?;
            }
            Err(failure) => outage.bear(failure, ui)?,
        }
        sleep(interval).await;
    }
}

/// Gives up `work` at Ctrl-C. Once called, the process no longer dies of it by itself.
pub(super) async fn interruptible<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ended(limit: Option<u64>, comes_at: u32) -> (u32, End<u32>) {
        let limit = Limit(limit.map(Duration::from_millis));
        let mut looks = 0;
        let end = Wait::new(Duration::from_millis(1), limit)
            .until(async || {
                looks += 1;
                Ok(match looks {
                    look if look == comes_at => ControlFlow::Break(look),
                    look => ControlFlow::Continue(Some(format!("look {look}").into())),
                })
            })
            .await;
        (looks, end.unwrap())
    }

    #[tokio::test]
    async fn a_wait_looks_until_it_comes_true_and_at_least_once() {
        assert_eq!(ended(None, 3).await, (3, End::Came(3)));
        assert_eq!(ended(Some(0), 1).await, (1, End::Came(1)));
        assert_eq!(
            ended(Some(0), 2).await,
            (1, End::TimedOut("look 1".to_owned().into()))
        );
    }

    #[tokio::test]
    async fn a_look_that_learns_nothing_hides_no_reason() {
        let wait = |deadline| Wait {
            interval: Duration::from_millis(1),
            deadline: Some(deadline),
        };
        let now = Instant::now();
        let mut news = vec![Some("no room".to_owned().into())].into_iter();
        let told = wait(now + Duration::from_millis(20)).until(async || {
            Ok::<ControlFlow<(), _>, _>(ControlFlow::Continue(news.next().flatten()))
        });
        let End::TimedOut(missing) = told.await.unwrap() else {
            panic!("it came")
        };
        assert_eq!(missing.what, "no room");
        let silent =
            wait(now).until(async || Ok::<ControlFlow<(), _>, _>(ControlFlow::Continue(None)));
        let End::TimedOut(missing) = silent.await.unwrap() else {
            panic!("it came")
        };
        assert_eq!(missing.what, "there is no answer yet");
    }

    #[tokio::test]
    async fn a_failure_ends_a_wait() {
        let wait = Wait::new(Duration::from_millis(1), Limit(None));
        let end: Result<End<()>, _> = wait.until(async || Err(Failure::Told)).await;
        assert!(matches!(end, Err(Failure::Told)));
    }
}
