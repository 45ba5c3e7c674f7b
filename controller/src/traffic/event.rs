//! What a person is told: events on the RayCluster.

use std::fmt;

use super::probe::Foreign;

/// An event on the RayCluster. Its reason never changes; alerts and people search for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Narrowed {
        service: String,
        to_head: bool,
    },
    GivenBack {
        service: String,
    },
    Joined {
        pod: String,
        cause: Cause,
    },
    Left {
        pod: String,
        cause: Cause,
    },
    SelectorEdited {
        service: String,
    },
    CannotProbe {
        pod: String,
        got: Option<Foreign>,
    },
    PortMismatch {
        service: String,
        port: u16,
        serve: u16,
    },
}

/// What is told once, for as long as it stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    SelectorEdited,
    CannotProbe,
    PortMismatch,
}

/// Why a pod joins or leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    Serves,
    /// The head, where no pod is in at all.
    NobodyElse,
    /// 503.
    Leaving,
    Refused,
    Unknown,
    /// A head that has just been made, while others serve.
    NewHead,
}

impl Event {
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Narrowed { .. } => "ServeServiceNarrowed",
            Self::GivenBack { .. } => "ServeServiceGivenBack",
            Self::Joined { .. } => "ServePodJoined",
            Self::Left { .. } => "ServePodLeft",
            Self::SelectorEdited { .. } => "ServeSelectorEdited",
            Self::CannotProbe { .. } => "CannotProbe",
            Self::PortMismatch { .. } => "ServePortMismatch",
        }
    }

    /// What was done, and for what cause.
    pub fn action(&self) -> String {
        match self {
            Self::Narrowed { .. } => "NarrowSelector".to_owned(),
            Self::GivenBack { .. } => "GiveSelectorBack".to_owned(),
            Self::Joined { cause, .. } => format!("AddToService{cause:?}"),
            Self::Left { cause, .. } => format!("RemoveFromService{cause:?}"),
            Self::SelectorEdited { .. } => "LeaveSelector".to_owned(),
            Self::CannotProbe { .. } => "Probe".to_owned(),
            Self::PortMismatch { .. } => "ReadServeConfig".to_owned(),
        }
    }

    /// The pod that it is about.
    pub fn pod(&self) -> Option<&str> {
        match self {
            Self::Joined { pod, .. } | Self::Left { pod, .. } | Self::CannotProbe { pod, .. } => {
                Some(pod)
            }
            _ => None,
        }
    }

    /// Whether somebody has to do something.
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::CannotProbe { .. } | Self::PortMismatch { .. })
    }

    pub fn topic(&self) -> Option<Topic> {
        match self {
            Self::SelectorEdited { .. } => Some(Topic::SelectorEdited),
            Self::CannotProbe { .. } => Some(Topic::CannotProbe),
            Self::PortMismatch { .. } => Some(Topic::PortMismatch),
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    /// The event's note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Narrowed { service, to_head } => {
                let pods = if *to_head {
                    "the head"
                } else {
                    "pods whose Serve proxy answers"
                };
                write!(f, "service/{service} now sends requests only to {pods}")
            }
            Self::GivenBack { service } => write!(
                f,
                "service/{service} sends requests to every pod of the cluster again, as KubeRay made it"
            ),
            Self::Joined { pod, cause } => write!(f, "pod/{pod} gets requests: {cause}"),
            Self::Left { pod, cause } => write!(f, "pod/{pod} gets no requests: {cause}"),
            Self::SelectorEdited { service } => write!(
                f,
                "the selector of service/{service} was edited, so it is left alone"
            ),
            Self::CannotProbe { pod, got: None } => write!(
                f,
                "pod/{pod} does not answer probes of its Serve port; is its proxy stuck, or does a NetworkPolicy keep the controller out?"
            ),
            Self::CannotProbe {
                pod,
                got: Some(got),
            } => write!(
                f,
                "pod/{pod} does not answer as a Serve proxy does: the probe got {got}"
            ),
            Self::PortMismatch {
                service,
                port,
                serve,
            } => write!(
                f,
                "service/{service} sends requests to port {port}, but Serve listens on port {serve} (http_options.port)"
            ),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Serves => "its Serve proxy answers",
            Self::NobodyElse => "no other pod is left to get them",
            Self::Leaving => "its Serve proxy drains or is not ready (HTTP status 503)",
            Self::Refused => "it refuses connections to its Serve port",
            Self::Unknown => "its Serve port does not answer, while another pod's does",
            Self::NewHead => "it is a new head whose Serve proxy does not answer yet",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_say_what_happened_to_what_and_why() {
        let service = || "x-serve-svc".to_owned();
        let pod = || "x-worker-1".to_owned();
        for (event, reason, note) in [
            (
                Event::Narrowed {
                    service: service(),
                    to_head: false,
                },
                "ServeServiceNarrowed",
                "service/x-serve-svc now sends requests only to pods whose Serve proxy answers",
            ),
            (
                Event::Narrowed {
                    service: service(),
                    to_head: true,
                },
                "ServeServiceNarrowed",
                "service/x-serve-svc now sends requests only to the head",
            ),
            (
                Event::GivenBack { service: service() },
                "ServeServiceGivenBack",
                "service/x-serve-svc sends requests to every pod of the cluster again, as KubeRay made it",
            ),
            (
                Event::Joined {
                    pod: pod(),
                    cause: Cause::Serves,
                },
                "ServePodJoined",
                "pod/x-worker-1 gets requests: its Serve proxy answers",
            ),
            (
                Event::Left {
                    pod: pod(),
                    cause: Cause::Leaving,
                },
                "ServePodLeft",
                "pod/x-worker-1 gets no requests: its Serve proxy drains or is not ready (HTTP status 503)",
            ),
            (
                Event::SelectorEdited { service: service() },
                "ServeSelectorEdited",
                "the selector of service/x-serve-svc was edited, so it is left alone",
            ),
            (
                Event::CannotProbe {
                    pod: pod(),
                    got: None,
                },
                "CannotProbe",
                "pod/x-worker-1 does not answer probes of its Serve port; is its proxy stuck, or does a NetworkPolicy keep the controller out?",
            ),
            (
                Event::CannotProbe {
                    pod: pod(),
                    got: Some(Foreign::Status(403)),
                },
                "CannotProbe",
                "pod/x-worker-1 does not answer as a Serve proxy does: the probe got HTTP status 403",
            ),
            (
                Event::PortMismatch {
                    service: service(),
                    port: 8000,
                    serve: 8100,
                },
                "ServePortMismatch",
                "service/x-serve-svc sends requests to port 8000, but Serve listens on port 8100 (http_options.port)",
            ),
        ] {
            assert_eq!(
                (event.reason(), event.to_string()),
                (reason, note.to_owned())
            );
        }
    }
}
