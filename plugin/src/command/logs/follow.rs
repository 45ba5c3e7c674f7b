//! Logs as they are written, of whatever replicas there are at the time.
//!
//! Each log has a stream of its own; Serve is asked again and again which logs there are. So a new
//! replica joins in, one that is gone leaves, and a stream that broke is taken up where it ended.

use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use super::{Args, Printer, accepted, find, nothing, refused};
use crate::command::outage::Outage;
use crate::error::Failure;
use crate::output::Ui;
use crate::serve::Client;
use crate::serve::flow::Begun;
use crate::serve::log::{Lines, Tail};
use crate::serve::log_files::LogFile;

const LOOK: Duration = Duration::from_secs(2);
/// Each is a tunnel through the API server.
const MOST: usize = 50;
/// How far back a stream that broke is taken up: what was printed of it is not printed again.
const TAKEN_UP: Tail = Tail::Lines(200);
/// Pieces that wait for being printed.
const WAITING: usize = 64;

struct Followed {
    log: LogFile,
    nth: usize,
    stream: JoinHandle<()>,
    ended: bool,
    /// Not among the logs at the last look.
    gone: bool,
    last: Option<Vec<u8>>,
    /// Why it could not be read, once told.
    told: Option<String>,
}

// A task goes on until it is told to stop.
impl Drop for Followed {
    fn drop(&mut self) {
        self.stream.abort();
    }
}

struct Event {
    nth: usize,
    what: What,
}

enum What {
    Lines(Vec<Vec<u8>>),
    Ended(Option<Failure>),
}

struct Follower<'a> {
    printer: Printer<'a>,
    followed: Vec<Followed>,
    /// How many logs there have been.
    count: usize,
    sender: Sender<Event>,
}

pub(super) async fn run(args: &Args, mut client: Client, ui: &Ui) -> Result<(), Failure> {
    let subject = format!("raycluster/{}", args.raycluster);
    let details = client.applications().await?.details;
    let mut found = find(args, &details)?;
    let mut outage = Outage::default();
    outage.over(&subject, ui);
    let mut tail = args.tail(found.is_one);
    let (sender, mut events) = channel(WAITING);
    let mut follower = Follower {
        printer: Printer::new(ui, &found),
        followed: Vec::new(),
        count: 0,
        sender,
    };
    if found.logs.is_empty() {
        ui.note(&format!("{} Waiting for it.", nothing(args, &details)));
    }
    loop {
        if found.logs.len() > MOST {
            return Err(Failure::Failed(format!(
                "{} logs are more than can be followed at once ({MOST}): name an application or a deployment",
                found.logs.len()
            )));
        }
        match follower.keep_up(&found.logs, tail, &mut client).await {
            // Whatever comes later is new from its first line on.
            Ok(()) => tail = Tail::All,
            Err(failure) => {
                outage.bear(failure, ui)?;
                client.dashboard().forget();
            }
        }
        follower
            .printing(&mut events, tokio::time::sleep(LOOK))
            .await?;
        let answer = follower
            .printing(&mut events, client.applications())
            .await?;
        match answer {
            Ok(answer) => {
                outage.over(&subject, ui);
                // What is named may be gone for a while, as it is while a head restarts.
                if let Ok(now) = find(args, &answer.details) {
                    found = now;
                } else {
                    found.logs.clear();
                }
            }
            Err(error) => {
                outage.bear(error.into(), ui)?;
                // The head may be another pod by now.
                client.dashboard().forget();
            }
        }
    }
}

impl Follower<'_> {
    /// Starts what is not followed yet, and stops what is gone for good.
    async fn keep_up(
        &mut self,
        logs: &[LogFile],
        tail: Tail,
        client: &mut Client,
    ) -> Result<(), Failure> {
        // One more look for its last lines.
        self.followed.retain_mut(|followed| {
            let gone = !logs.contains(&followed.log);
            !(std::mem::replace(&mut followed.gone, gone) && gone)
        });
        for log in logs {
            let known = self.followed.iter_mut().find(|known| known.log == *log);
            match known {
                Some(known) if known.ended => {
                    let tail = match known.last {
                        Some(_) => TAKEN_UP,
                        None => Tail::All,
                    };
                    let begun = client.begin(&log.stream(tail), None).await?;
                    let last = known.last.clone();
                    known.stream = spawn(known.nth, log, begun, last, &self.sender);
                    known.ended = false;
                }
                Some(_) => {}
                None => {
                    let (tail, last) = match tail {
                        Tail::Lines(0) => (Tail::Lines(1), last_line(log, client).await?),
                        other => (other, None),
                    };
                    let begun = client.begin(&log.stream(tail), None).await?;
                    let nth = self.count;
                    self.count += 1;
                    self.followed.push(Followed {
                        log: log.clone(),
                        nth,
                        stream: spawn(nth, log, begun, last.clone(), &self.sender),
                        ended: false,
                        gone: false,
                        last,
                        told: None,
                    });
                }
            }
        }
        Ok(())
    }

    /// Prints what comes until `future` is done.
    async fn printing<T>(
        &mut self,
        events: &mut Receiver<Event>,
        future: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                done = &mut future => return Ok(done),
                Some(event) = events.recv() => self.handle(event)?,
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
                followed.last = lines.into_iter().next_back().or(followed.last.take());
                followed.told = None;
            }
            What::Ended(why) => {
                followed.ended = true;
                // A broken stream is no news of its own: the next look tells what is wrong.
                let why = why.filter(|why| !why.may_pass()).map(|why| why.to_string());
                if let Some(why) = why.filter(|why| followed.told.as_ref() != Some(why)) {
                    self.printer
                        .ui
                        .warning(&format!("{}: {why}", followed.log.name));
                    followed.told = Some(why);
                }
            }
        }
        Ok(())
    }
}

async fn last_line(log: &LogFile, client: &mut Client) -> Result<Option<Vec<u8>>, Failure> {
    let request = log.file(Tail::Lines(1));
    let begun = client.begin(&request, None).await?;
    let mut flow = accepted(begun).await?;
    let mut lines = Lines::of(&flow.head.headers);
    let all = lines.push(&flow.rest().await?);
    let all = all.map_err(|said| refused(log, &said))?;
    Ok(lines.end().or_else(|| all.into_iter().next_back()))
}

fn spawn(
    nth: usize,
    log: &LogFile,
    begun: Begun,
    after: Option<Vec<u8>>,
    sender: &Sender<Event>,
) -> JoinHandle<()> {
    let (log, sender) = (log.clone(), sender.clone());
    tokio::spawn(async move {
        let end = pump(nth, &log, begun, after, &sender).await.err();
        let what = What::Ended(end);
        // Nobody listens any more: then nobody needs it.
        let _ = sender.send(Event { nth, what }).await;
    })
}

async fn pump(
    nth: usize,
    log: &LogFile,
    begun: Begun,
    mut after: Option<Vec<u8>>,
    sender: &Sender<Event>,
) -> Result<(), Failure> {
    let mut flow = accepted(begun).await?;
    let mut lines = Lines::of(&flow.head.headers);
    while let Some(piece) = flow.next().await? {
        let mut complete = lines.push(&piece).map_err(|said| refused(log, &said))?;
        // The first piece is what was there: without what was printed.
        if let Some(after) = after.take()
            && let Some(known) = complete.iter().rposition(|line| *line == after)
        {
            complete.drain(..=known);
        }
        let what = What::Lines(complete);
        if sender.send(Event { nth, what }).await.is_err() {
            break;
        }
    }
    Ok(())
}
