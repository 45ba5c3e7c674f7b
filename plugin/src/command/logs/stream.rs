//! The stream of one log: prepared where it was printed up to, and read in a task of its own.

use ray_serve_client::http::Prepared;
use ray_serve_client::logs::files::LogFile;
use ray_serve_client::logs::lines::Lines;
use ray_serve_client::logs::request::Tail;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

use super::place::{self, Known, Place};
use super::reading::{Reader, accepted, refused};
use crate::error::Failure;

/// How much of a log is looked at for the place up to which it was printed; then all of it.
const LOOKS: [u32; 2] = [200, 10_000];
/// Lines that may be logged between such a look and the stream's beginning.
const MEANWHILE: u32 = 1000;

pub(super) struct Event {
    pub(super) nth: usize,
    pub(super) what: What,
}

pub(super) enum What {
    Lines(Vec<Vec<u8>>),
    Ended(Option<Failure>),
}

/// A stream, and what of it is known already.
pub(super) struct Start {
    prepared: Prepared,
    known: Option<Known>,
}

impl Start {
    /// At `tail`, or where something was printed, after that.
    pub(super) async fn at(
        log: &LogFile,
        tail: Tail,
        place: &Place,
        reader: &mut Reader,
    ) -> Result<Self, Failure> {
        let found = if !place.is_start() {
            look_for(place, log, reader).await?
        } else if tail == Tail::Lines(0) {
            let end = Tail::Lines(u32::try_from(place::LINES).unwrap_or(u32::MAX));
            let place = Place::after(&reader.all(log, end).await?);
            (!place.is_start()).then_some((place, 0))
        } else {
            None
        };
        let (tail, known) = match found {
            Some((place, after)) => {
                let lines = after + place::LINES;
                let lines = u32::try_from(lines)
                    .unwrap_or(u32::MAX)
                    .saturating_add(MEANWHILE);
                (
                    Tail::Lines(lines),
                    Some(Known::up_to(place, lines as usize)),
                )
            }
            // Nothing was there, or it is another log by now.
            None if !place.is_start() || tail == Tail::Lines(0) => (Tail::All, None),
            None => (tail, None),
        };
        // Without a limit: a log may be silent for long.
        let prepared = reader.client.begin(&log.stream(tail), None).await?;
        Ok(Self { prepared, known })
    }

    pub(super) fn spawn(self, nth: usize, log: &LogFile, sender: &Sender<Event>) -> JoinHandle<()> {
        let (log, sender) = (log.clone(), sender.clone());
        tokio::spawn(async move {
            let end = self.pump(nth, &log, &sender).await.err();
            let what = What::Ended(end);
            // Nobody listens any more: then nobody needs it.
            let _ = sender.send(Event { nth, what }).await;
        })
    }

    async fn pump(self, nth: usize, log: &LogFile, sender: &Sender<Event>) -> Result<(), Failure> {
        let mut known = self.known;
        let mut response = accepted(self.prepared).await?;
        let mut lines = Lines::of_stream(&response.head.headers);
        while let Some(piece) = response.next().await? {
            let mut complete = lines.push(&piece).map_err(|said| refused(log, &said))?;
            if let Some(before) = &mut known {
                let Some(new) = before.leave_out(complete) else {
                    continue;
                };
                complete = new;
                known = None;
            }
            let what = What::Lines(complete);
            if sender.send(Event { nth, what }).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// The place and how many lines stand after it, unless it is not in this log any more.
async fn look_for(
    place: &Place,
    log: &LogFile,
    reader: &mut Reader,
) -> Result<Option<(Place, usize)>, Failure> {
    for lines in LOOKS {
        let end = reader.all(log, Tail::Lines(lines)).await?;
        if let Some(found) = place.found_in(&end) {
            return Ok(Some(found));
        }
        if end.len() < lines as usize {
            return Ok(None);
        }
    }
    Ok(place.found_in(&reader.all(log, Tail::All).await?))
}
