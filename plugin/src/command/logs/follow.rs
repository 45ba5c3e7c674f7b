//! Logs as they are written, of whatever replicas there are at the time.
//!
//! Each log has a stream of its own; Serve is asked again and again which logs there are. So a new
//! replica joins in, one that is gone leaves, and a stream that broke is taken up where it ended.

use std::time::Duration;

use ray_serve_client::logs::files::LogFile;
use ray_serve_client::logs::request::Tail;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use super::place::Place;
use super::reading::Reader;
use super::stream::{Event, Start, What};
use super::{Args, Printer, find, nothing};
use crate::command::outage::Outage;
use crate::error::Failure;
use crate::output::Ui;

const LOOK: Duration = Duration::from_secs(1);
/// Each is a tunnel through the API server.
const MOST: usize = 50;
/// Pieces that wait for being printed.
const WAITING: usize = 64;

struct Followed {
    log: LogFile,
    nth: usize,
    /// Where it begins, as long as nothing of it was printed.
    tail: Tail,
    place: Place,
    /// None before the first, and after each.
    stream: Option<JoinHandle<()>>,
    /// Not among the logs at the last look.
    gone: bool,
    /// Why it could not be read, once told.
    told: Option<String>,
}

impl Followed {
    fn stop(&mut self) {
        if let Some(stream) = self.stream.take() {
            stream.abort();
        }
    }

    /// Why it cannot be read, once.
    fn tell(&mut self, why: &Failure, ui: &Ui) {
        let why = why.to_string();
        if self.told.as_ref() != Some(&why) {
            ui.warning(&format!("{}: {why}", self.log.name));
            self.told = Some(why);
        }
    }
}

// A task goes on until it is told to stop.
impl Drop for Followed {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Follower<'a> {
    printer: Printer<'a>,
    followed: Vec<Followed>,
    /// How many logs there have been.
    count: usize,
    sender: Sender<Event>,
    events: Receiver<Event>,
}

pub(super) async fn run(args: &Args, mut reader: Reader, ui: &Ui) -> Result<(), Failure> {
    let subject = format!("raycluster/{}", args.raycluster);
    let details = reader.client.applications().await?.details;
    let mut found = find(args, &details)?;
    let mut outage = Outage::default();
    outage.over(&subject, ui);
    let mut tail = args.tail(found.is_one);
    let (sender, events) = channel(WAITING);
    let mut follower = Follower {
        printer: Printer::new(ui, &found),
        followed: Vec::new(),
        count: 0,
        sender,
        events,
    };
    if found.logs.is_empty() {
        ui.note(&format!("{} Waiting for them.", nothing(args, &details)));
    }
    loop {
        if found.logs.len() > MOST {
            return Err(Failure::Failed(format!(
                "{} logs are more than can be followed at once ({MOST})",
                found.logs.len()
            ))
            .with_hint("name an application or a deployment"));
        }
        follower.look_after(&found.logs, tail);
        // Whatever comes later is new from its first line on.
        tail = Tail::All;
        let mut trouble = follower.start(&mut reader).await.err();
        let now = loop {
            if let Some(failure) = trouble.take() {
                outage.bear(failure, ui)?;
                // The head may be another pod by now, and streams may be dead without a word.
                reader.client.forget();
                follower.stop_all()?;
            }
            follower.printing(tokio::time::sleep(LOOK)).await?;
            let asked = follower.printing(reader.client.applications()).await?;
            match asked {
                Ok(answer) => break answer.details,
                Err(error) => trouble = Some(error.into()),
            }
        };
        outage.over(&subject, ui);
        // What is named may be gone for a while, as it is while a head restarts.
        found.logs = find(args, &now).map_or_else(|_| Vec::new(), |found| found.logs);
    }
}

impl Follower<'_> {
    /// Adds what is new among `logs`, and stops what is gone for good.
    fn look_after(&mut self, logs: &[LogFile], tail: Tail) {
        // One more look for its last lines.
        self.followed.retain_mut(|followed| {
            let gone = !logs.contains(&followed.log);
            !(std::mem::replace(&mut followed.gone, gone) && gone)
        });
        for log in logs {
            if self.followed.iter().any(|known| known.log == *log) {
                continue;
            }
            self.followed.push(Followed {
                log: log.clone(),
                nth: self.count,
                tail,
                place: Place::default(),
                stream: None,
                gone: false,
                told: None,
            });
            self.count += 1;
        }
    }

    /// Reads whatever is not being read.
    async fn start(&mut self, reader: &mut Reader) -> Result<(), Failure> {
        let idle = |followed: &&mut Followed| followed.stream.is_none() && !followed.gone;
        for followed in self.followed.iter_mut().filter(idle) {
            let (log, place) = (&followed.log, &followed.place);
            match Start::at(log, followed.tail, place, reader).await {
                Ok(start) => followed.stream = Some(start.spawn(followed.nth, log, &self.sender)),
                Err(failure) if failure.may_pass() => return Err(failure),
                // Of one log, and no reason to leave the others.
                Err(failure) => followed.tell(&failure, self.printer.ui),
            }
        }
        Ok(())
    }

    /// Aborts every stream, then prints what is still queued.
    fn stop_all(&mut self) -> Result<(), Failure> {
        self.followed.iter_mut().for_each(Followed::stop);
        while let Ok(event) = self.events.try_recv() {
            self.handle(event)?;
        }
        Ok(())
    }

    /// Prints what comes until `future` is done.
    async fn printing<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Failure> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                done = &mut future => return Ok(done),
                Some(event) = self.events.recv() => self.handle(event)?,
            }
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), Failure> {
        let of = |followed: &&mut Followed| followed.nth == event.nth;
        let Some(followed) = self.followed.iter_mut().find(of) else {
            return Ok(());
        };
        match event.what {
            What::Lines(lines) => {
                self.printer.lines(event.nth, &followed.log.name, &lines)?;
                followed.place.pass(&lines);
                followed.told = None;
            }
            What::Ended(why) => {
                followed.stream = None;
                // A broken stream is no news of its own: the next look tells what is wrong.
                if let Some(why) = why.filter(|why| !why.may_pass()) {
                    followed.tell(&why, self.printer.ui);
                }
            }
        }
        Ok(())
    }
}
