//! What a dashboard answers: Serve's state, the packages it keeps, and what a test has arranged.

use std::collections::VecDeque;

use crate::server::{Reply, Request};
use crate::state::{IDLE, deploy};

pub const APPLICATIONS: &str = "/api/serve/applications/";
pub const PACKAGES: &str = "/api/packages/gcs/";

/// As many times as it is asked.
pub const ALWAYS: usize = usize::MAX;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A look at Serve's state, before it was changed.
    Look,
    /// A look at Serve's state, after a PUT or DELETE has reached it.
    LookAfterChange,
    Put,
    Delete,
    /// A look whether a package is there.
    PackageLook,
    Upload,
}

/// What has become of a request that gets no true answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Refused,
    Done,
    /// The head that got it is gone, and all that it knew.
    LostWithTheHead,
}

type Answer = Box<dyn FnMut() -> Reply + Send>;

struct Fault {
    on: On,
    /// How many times it still happens.
    left: usize,
    fate: Fate,
    answer: Answer,
}

pub struct Scenario {
    state: String,
    /// What the next PUTs lead to, instead of what they say.
    after_put: VecDeque<String>,
    after_each_put: Option<String>,
    after_delete: String,
    /// What comes once the state before was looked at so many times, after a change.
    then: VecDeque<(usize, String)>,
    looks: usize,
    changed: bool,
    packages: Vec<String>,
    forgets_packages: bool,
    faults: Vec<Fault>,
    elsewhere: Vec<(String, Answer)>,
}

impl<T: Into<String>> From<T> for Scenario {
    fn from(state: T) -> Self {
        Self::of(state)
    }
}

impl Scenario {
    /// A Serve in this state, which does at once what it is told.
    pub fn of(state: impl Into<String>) -> Self {
        Self {
            state: state.into(),
            after_put: VecDeque::new(),
            after_each_put: None,
            after_delete: IDLE.to_owned(),
            then: VecDeque::new(),
            looks: 0,
            changed: false,
            packages: Vec::new(),
            forgets_packages: false,
            faults: Vec::new(),
            elsewhere: Vec::new(),
        }
    }

    /// The next PUT leads to this state, not to what it says; a second call is about the PUT after it.
    pub fn after_put(mut self, state: impl Into<String>) -> Self {
        self.after_put.push_back(state.into());
        self
    }

    pub fn after_each_put(mut self, state: impl Into<String>) -> Self {
        self.after_each_put = Some(state.into());
        self
    }

    pub fn after_delete(mut self, state: impl Into<String>) -> Self {
        self.after_delete = state.into();
        self
    }

    /// After a change whose state was looked at so many times, Serve is in this one.
    pub fn then_after(mut self, looks: usize, state: impl Into<String>) -> Self {
        self.then.push_back((looks, state.into()));
        self
    }

    /// Answers in Serve's place, so many times, and nothing is done.
    pub fn refuses(
        self,
        on: On,
        times: usize,
        answer: impl FnMut() -> Reply + Send + 'static,
    ) -> Self {
        self.fault(on, times, Fate::Refused, answer)
    }

    /// Does what it is told, but answers otherwise, so many times.
    pub fn loses_the_answer(
        self,
        on: On,
        times: usize,
        answer: impl FnMut() -> Reply + Send + 'static,
    ) -> Self {
        self.fault(on, times, Fate::Done, answer)
    }

    /// Breaks off at such a request, once; the head that comes after it knows nothing.
    pub fn loses_its_head(self, on: On) -> Self {
        self.fault(on, 1, Fate::LostWithTheHead, || Reply::Cut)
    }

    fn fault(
        mut self,
        on: On,
        left: usize,
        fate: Fate,
        answer: impl FnMut() -> Reply + Send + 'static,
    ) -> Self {
        self.faults.push(Fault {
            on,
            left,
            fate,
            answer: Box::new(answer),
        });
        self
    }

    /// Answers at this path too, which is none of Serve's own.
    pub fn answers(
        mut self,
        path: impl Into<String>,
        answer: impl FnMut() -> Reply + Send + 'static,
    ) -> Self {
        self.elsewhere.push((path.into(), Box::new(answer)));
        self
    }

    /// Keeps each package until Serve is looked at next.
    pub fn forgets_packages(mut self) -> Self {
        self.forgets_packages = true;
        self
    }

    /// Is in this state from now on, and answers again.
    pub(crate) fn show(&mut self, state: String) {
        self.state = state;
        self.faults
            .retain(|fault| !matches!(fault.on, On::Look | On::LookAfterChange));
    }

    pub(crate) fn refuse_looks(&mut self, answer: impl FnMut() -> Reply + Send + Clone + 'static) {
        for on in [On::Look, On::LookAfterChange] {
            let answer = answer.clone();
            self.faults.insert(
                0,
                Fault {
                    on,
                    left: ALWAYS,
                    fate: Fate::Refused,
                    answer: Box::new(answer),
                },
            );
        }
    }

    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    /// How many faults of a known number have not happened yet.
    pub(crate) fn faults_left(&self) -> usize {
        let finite = self.faults.iter().filter(|fault| fault.left != ALWAYS);
        finite.map(|fault| fault.left).sum()
    }

    fn kind(&self, method: &str, path: &str) -> Option<On> {
        let is_package = path.starts_with(PACKAGES);
        if !is_package && path != APPLICATIONS {
            return None;
        }
        Some(match (method, is_package) {
            ("GET", true) => On::PackageLook,
            ("PUT", true) => On::Upload,
            ("GET", false) if self.changed => On::LookAfterChange,
            ("GET", false) => On::Look,
            ("PUT", false) => On::Put,
            ("DELETE", false) => On::Delete,
            _ => return None,
        })
    }

    /// The answer to a request with this path, which may stand behind a proxy's.
    pub fn answer(&mut self, path: &str, request: &Request) -> Reply {
        let mut elsewhere = self.elsewhere.iter_mut();
        if let Some((_, answer)) = elsewhere.find(|(other, _)| other == path) {
            return answer();
        }
        let Some(on) = self.kind(&request.method, path) else {
            return Reply::Answer(404, "404: Not Found".into());
        };
        let mut faults = self.faults.iter_mut();
        let Some(fault) = faults.find(|fault| fault.on == on && fault.left > 0) else {
            return self.act(on, path, request);
        };
        if fault.left != ALWAYS {
            fault.left -= 1;
        }
        let fate = fault.fate;
        let reply = (fault.answer)();
        match fate {
            Fate::Refused => {}
            Fate::Done => drop(self.act(on, path, request)),
            Fate::LostWithTheHead => {
                self.packages.clear();
                IDLE.clone_into(&mut self.state);
            }
        }
        reply
    }

    fn act(&mut self, on: On, path: &str, request: &Request) -> Reply {
        match on {
            On::Look | On::LookAfterChange => return Reply::ok(self.look()),
            On::Put => {
                let said = deploy(&self.state, &request.body);
                let arranged = self.after_put.pop_front();
                let arranged = arranged.or_else(|| self.after_each_put.clone());
                self.change(arranged.unwrap_or(said));
            }
            On::Delete => self.change(self.after_delete.clone()),
            On::PackageLook => {
                let name = &path[PACKAGES.len()..];
                if !self.packages.iter().any(|kept| kept == name) {
                    return Reply::Answer(404, format!("Package gcs://{name} does not exist"));
                }
            }
            On::Upload => self.packages.push(path[PACKAGES.len()..].to_owned()),
        }
        Reply::ok("")
    }

    fn change(&mut self, state: String) {
        self.state = state;
        self.changed = true;
        self.looks = 0;
    }

    fn look(&mut self) -> String {
        if self.forgets_packages {
            self.packages.clear();
        }
        let shown = self.state.clone();
        self.looks += 1;
        let is_over = |(looks, _): &(usize, String)| self.changed && *looks <= self.looks;
        if self.then.front().is_some_and(is_over)
            && let Some((_, next)) = self.then.pop_front()
        {
            self.state = next;
            self.looks = 0;
        }
        shown
    }
}
