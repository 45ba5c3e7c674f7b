//! A log read to its end; where the connection breaks in the middle, it is asked for again.

use std::time::Duration;

use http::StatusCode;
use ray_serve_client::http::client::{self, REOPEN_DELAY, REOPENED};
use ray_serve_client::http::{Answer, Prepared, StreamedResponse};
use ray_serve_client::logs::files::LogFile;
use ray_serve_client::logs::lines::Lines;
use ray_serve_client::logs::request::Tail;

use crate::connect::client::Client;
use crate::error::Failure;

pub(super) struct Reader {
    pub(super) client: Client,
    /// Of silence.
    pub(super) limit: Option<Duration>,
}

impl Reader {
    /// Gives each line once: as they come where the log is given from its beginning.
    pub(super) async fn each(
        &mut self,
        log: &LogFile,
        tail: Tail,
        mut take: impl FnMut(&[Vec<u8>]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut given = 0;
        let mut broken = 0;
        loop {
            let mut seen = 0;
            let mut held = Vec::new();
            let read = self.try_each(log, tail, |mut lines| {
                if tail != Tail::All {
                    // The next try may be given others: the log grows.
                    held.append(&mut lines);
                    return Ok(());
                }
                let known = (given - seen).min(lines.len());
                seen += lines.len();
                given = given.max(seen);
                take(&lines[known..])
            });
            match read.await {
                Err(failure) if failure.is_broken() && broken < REOPENED => {
                    broken += 1;
                    self.client.forget();
                    tokio::time::sleep(REOPEN_DELAY).await;
                }
                Err(failure) => return Err(failure),
                Ok(()) => return take(&held),
            }
        }
    }

    pub(super) async fn all(&mut self, log: &LogFile, tail: Tail) -> Result<Vec<Vec<u8>>, Failure> {
        let mut all = Vec::new();
        let keep = |lines: &[Vec<u8>]| {
            all.extend_from_slice(lines);
            Ok(())
        };
        self.each(log, tail, keep).await?;
        Ok(all)
    }

    async fn try_each(
        &mut self,
        log: &LogFile,
        tail: Tail,
        mut take: impl FnMut(Vec<Vec<u8>>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let prepared = self.client.begin(&log.file(tail), self.limit).await?;
        let mut response = accepted(prepared).await?;
        let mut lines = Lines::of_file(&response.head.headers);
        while let Some(piece) = response.next().await? {
            take(lines.push(&piece).map_err(|said| refused(log, &said))?)?;
        }
        take(lines.end().into_iter().collect())
    }
}

/// An answer that is a log, or Ray's reason why there is none.
pub(super) async fn accepted(prepared: Prepared) -> Result<StreamedResponse, Failure> {
    let (who, call) = (prepared.who.clone(), prepared.call);
    let mut response = prepared.answer().await?;
    let status = response.head.status;
    if status != StatusCode::OK {
        let body = response.rest().await?;
        let answer = Answer {
            status,
            headers: std::mem::take(&mut response.head.headers),
            body,
        };
        client::accept(who, call, answer)?;
    }
    Ok(response)
}

pub(super) fn refused(log: &LogFile, said: &str) -> Failure {
    Failure::Failed(format!("Ray does not give the log of {}: {said}", log.name))
}
