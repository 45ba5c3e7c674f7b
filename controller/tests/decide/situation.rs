//! A cluster drawn in a few words, and what is decided for it, in words again.
//!
//! Each line of a drawing is a pod: its name, its label (`-`, `in`, `out`, `other`), what is special about
//! it, then `:` and the results of its probes, one a second, the last of them now. `.` is no result. Within
//! a second, pods are probed in the order they are drawn in. A pod
//! whose name begins with `head` is a head.

use std::time::{Duration, Instant};

use kuberay::scope::OutOfScope;
use ray_serve_controller::traffic::change::{Change, Membership};
use ray_serve_controller::traffic::pod::{NodeType, SeenPod, ServeLabel};
use ray_serve_controller::traffic::probe::{Foreign, Outcome};
use ray_serve_controller::traffic::service::{Selector, ServeService, broad, head, labelled};
use ray_serve_controller::traffic::{Cluster, ClusterState, Mode, decide};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(10);

/// How the selector of the service looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selects {
    Broad,
    Labelled,
    Head,
    /// Somebody added a key to the operator's selector.
    Edited,
    /// Somebody added a key to ours.
    EditedLabelled,
    NoService,
    /// The name is taken by a service of somebody else.
    ForeignService,
}

#[derive(Debug, Clone)]
pub(crate) struct Situation {
    pub(crate) state: ClusterState,
    pub(crate) now: Instant,
    pub(crate) mode: Mode,
}

impl Situation {
    pub(crate) fn new(selects: Selects, drawing: &str) -> Self {
        Self::in_scope(None, selects, drawing)
    }

    pub(crate) fn in_scope(
        out_of_scope: Option<OutOfScope>,
        selects: Selects,
        drawing: &str,
    ) -> Self {
        let start = Instant::now();
        let mut state = ClusterState::new(Cluster {
            namespace: "team".to_owned(),
            name: "x".to_owned(),
            uid: "c".to_owned(),
            out_of_scope,
        });
        state.see_service(service(selects));
        let pods: Vec<(SeenPod, Vec<Option<Outcome>>)> = drawing
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(pod)
            .collect();
        let seconds = pods.iter().map(|(_, results)| results.len()).max();
        let seconds = seconds.unwrap_or_default();
        for (pod, _) in &pods {
            state.see_pod(pod.clone(), start);
        }
        let mut now = start;
        for second in 0..seconds {
            now = start + SECOND * u32::try_from(second).unwrap();
            for (pod, results) in &pods {
                now += MOMENT;
                // All histories end now.
                let at = (second + results.len()).checked_sub(seconds);
                if let Some(outcome) = at.and_then(|at| results[at]) {
                    // Out of scope, nobody is asked.
                    state.begin_probe(&pod.uid, now);
                    state.record(&pod.uid, outcome, now);
                }
            }
        }
        Self {
            state,
            now,
            mode: Mode::Pods,
        }
    }

    pub(crate) fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    pub(crate) fn changes(&self) -> Vec<Change> {
        decide(&self.state, self.mode, self.now)
    }

    /// What is decided, in words.
    pub(crate) fn decided(&self) -> Vec<String> {
        self.changes().iter().map(in_words).collect()
    }

    /// Makes the changes, and says what they were.
    pub(crate) fn go_on(&mut self) -> Vec<String> {
        let changes = self.changes();
        for change in &changes {
            self.state.took(change, self.now);
        }
        changes.iter().map(in_words).collect()
    }

    /// All that is changed until nothing is left to do.
    pub(crate) fn until_done(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..5 {
            let changes = self.go_on();
            if changes.is_empty() {
                return all;
            }
            all.extend(changes);
        }
        panic!("still changing: {all:?}");
    }
}

pub(crate) fn service(selects: Selects) -> Option<ServeService> {
    let with = |mut selector: Selector| {
        selector.insert("team".to_owned(), "a".to_owned());
        selector
    };
    let selector = match selects {
        Selects::NoService => return None,
        Selects::Broad | Selects::ForeignService => broad("x"),
        Selects::Labelled => labelled("x"),
        Selects::Head => head("x"),
        Selects::Edited => with(broad("x")),
        Selects::EditedLabelled => with(labelled("x")),
    };
    let owner = if selects == Selects::ForeignService {
        "other"
    } else {
        "c"
    };
    Some(ServeService {
        name: "x-serve-svc".to_owned(),
        uid: "s".to_owned(),
        owner_uid: Some(owner.to_owned()),
        selector,
        port: Some(8000),
    })
}

/// A line of a drawing.
pub(crate) fn pod(line: &str) -> (SeenPod, Vec<Option<Outcome>>) {
    let (what, results) = line.split_once(':').unwrap_or((line, ""));
    let mut words = what.split_whitespace();
    let name = words.next().expect("a pod has a name");
    let label = match words.next().expect("a pod has a label") {
        "-" => ServeLabel::Absent,
        "in" => ServeLabel::In,
        "out" => ServeLabel::Out,
        "other" => ServeLabel::Other,
        other => panic!("{other} is no label"),
    };
    let mut seen = SeenPod {
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        node_type: if name.starts_with("head") {
            NodeType::Head
        } else {
            NodeType::Worker
        },
        ip: Some([10, 0, 0, 1].into()),
        is_ready: true,
        is_terminating: false,
        label,
        container: Some("started".to_owned()),
    };
    for word in words {
        match word {
            "unready" => seen.is_ready = false,
            "terminating" => seen.is_terminating = true,
            "unstarted" => {
                (seen.is_ready, seen.container, seen.ip) = (false, None, None);
            }
            other => panic!("{other} is nothing special"),
        }
    }
    (seen, results.split_whitespace().map(outcome).collect())
}

fn outcome(word: &str) -> Option<Outcome> {
    Some(match word {
        "." => return None,
        "200" => Outcome::Serves,
        "{}" => Outcome::NoRoutes,
        "503" => Outcome::Leaving,
        "refused" => Outcome::Refused,
        "silent" => Outcome::Silent,
        "404" => Outcome::Foreign(Foreign::Status(404)),
        other => panic!("{other} is no result"),
    })
}

fn in_words(change: &Change) -> String {
    match change {
        Change::LabelPod(label) => {
            assert_eq!(label.uid, format!("uid-{}", label.pod));
            let to = match label.to {
                Membership::In => "in",
                Membership::Out => "out",
            };
            format!("{} {to}: {:?}", label.pod, label.cause)
        }
        Change::SelectPods(select) => {
            let keys: Vec<&str> = select.to.keys().map(String::as_str).collect();
            format!("{:?}: {}", select.why, keys.join(" "))
        }
        Change::Tell(event) => format!("tell: {}", event.reason()),
    }
}
