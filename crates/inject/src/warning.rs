//! What a user is told about a RayCluster, in less than 120 characters each.

mod old_pods;
mod shown;
#[cfg(test)]
mod tests;

use std::fmt;

use kuberay::drain::GRACE_SECONDS;
use kuberay::labels::{ANNOTATION, ANNOTATION_ON};
use kuberay::ports::SERVE;

use crate::Reason;
use crate::exposure::Publisher;

pub use old_pods::OldPods;
pub(crate) use shown::{Plain, Quoted, Short};

/// A warning stays shorter than this, so that kubectl shows it on one line.
pub(crate) const MAX_LEN: usize = 120;

/// What the person who applies the `RayCluster` should know. Displays as one short sentence that
/// names the field and the fix and, where nothing was injected, the reason that metrics count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The annotation's value looks like a yes that the operator does not take for one.
    AnnotationLooksTrue {
        value: String,
    },
    /// The dashboard, and with it the Serve REST API, listens inside the pod only.
    LoopbackDashboard {
        value: String,
    },
    /// Without its dashboard Ray has no Serve REST API.
    NoDashboard {
        value: String,
    },
    /// A start param that is a port, with a value that is none.
    NotAPort {
        param: &'static str,
        value: String,
    },
    /// A start param that is a number or boolean, where the API server takes text.
    WithoutQuotes {
        place: String,
        param: String,
        value: String,
    },
    /// Ports by which anybody runs code can be reached from outside the Kubernetes cluster.
    Published {
        by: Publisher,
        numbers: Vec<u16>,
    },
    /// Workers reach the head by its service, which has no port for them.
    NoWayForWorkers {
        by: Publisher,
        number: u16,
    },
    /// The number was declared already, under another name or none.
    PortRenamed {
        number: u16,
        from: Option<String>,
        to: &'static str,
    },
    /// The name was given to a number on which Ray does not listen.
    NameTaken {
        name: &'static str,
        declared: u16,
        number: u16,
    },
    /// Start params give two ports one number; the second cannot be declared.
    SharedNumber {
        number: u16,
        first: &'static str,
        second: &'static str,
        start_param: &'static str,
    },
    /// The head service would get this number twice from the head container.
    DeclaredTwice {
        number: u16,
    },
    /// The head service would get this port from the user and from the operator.
    InHeadService {
        number: u16,
        name: String,
    },
    /// A `serve` port was added beside one that may be meant for the same.
    AddedBeside {
        name: String,
        other: u16,
    },
    /// Serve's number has a name that says it is not HTTP's, and that stays.
    NoPortForHttp {
        name: String,
        number: u16,
    },
    ServeIsNotTcp {
        protocol: String,
    },
    /// The only serve port has a name that older operators do not know.
    OnlyPrefixedServe {
        name: String,
    },
    /// A grace period in which the pods cannot drain, so that they are not told to.
    NoTimeToDrain {
        place: String,
        seconds: u64,
    },
    NoHeadContainer,
    Malformed {
        field: String,
        found: String,
        expected: &'static str,
    },
    WouldRecreatePods,
    TooLarge,
    InternalError,
    /// Injected as asked, and the operator deletes all pods for it.
    RecreatesPods,
    /// Injected, but pods that run already keep their old spec.
    PodsKeepOldSpec(OldPods),
}

impl Warning {
    /// Why nothing was injected, where that is what the warning says.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::AnnotationLooksTrue { .. } => Some(Reason::AnnotationNotTrue),
            Self::NoHeadContainer => Some(Reason::NoHeadContainer),
            Self::Malformed { .. } => Some(Reason::Malformed),
            Self::WouldRecreatePods => Some(Reason::UpgradeRecreatesPods),
            Self::TooLarge => Some(Reason::TooLarge),
            Self::InternalError => Some(Reason::InternalError),
            Self::LoopbackDashboard { .. }
            | Self::NoDashboard { .. }
            | Self::NotAPort { .. }
            | Self::WithoutQuotes { .. }
            | Self::Published { .. }
            | Self::NoWayForWorkers { .. }
            | Self::AddedBeside { .. }
            | Self::NoPortForHttp { .. }
            | Self::ServeIsNotTcp { .. }
            | Self::PortRenamed { .. }
            | Self::NameTaken { .. }
            | Self::SharedNumber { .. }
            | Self::DeclaredTwice { .. }
            | Self::InHeadService { .. }
            | Self::OnlyPrefixedServe { .. }
            | Self::NoTimeToDrain { .. }
            | Self::RecreatesPods
            | Self::PodsKeepOldSpec(_) => None,
        }
    }
}

impl fmt::Display for Warning {
    #[allow(clippy::too_many_lines)] // a sentence for each
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reason) = self.reason() {
            write!(f, "not injected ({reason}): ")?;
        }
        match self {
            Self::AnnotationLooksTrue { value } => write!(
                f,
                "{ANNOTATION} must be \"{ANNOTATION_ON}\" in quotes, not {}",
                Quoted(value)
            ),
            Self::LoopbackDashboard { value } => write!(
                f,
                "rayStartParams.dashboard-host: {} is not reachable from outside the pod, use \"0.0.0.0\"",
                Quoted(value)
            ),
            Self::NoDashboard { value } => write!(
                f,
                "rayStartParams.include-dashboard: {} leaves Serve without its REST API, remove it",
                Quoted(value)
            ),
            Self::NotAPort { param, value } => write!(
                f,
                "rayStartParams.{param}: {} is not a port, use \"1\" to \"65535\"",
                Quoted(value)
            ),
            Self::WithoutQuotes {
                place,
                param,
                value,
            } => write!(
                f,
                "{place}.rayStartParams.{}: {} is not a string: quote it",
                Short(param),
                Plain(value)
            ),
            Self::Published { by, numbers } => {
                write!(f, "{by} publishes ")?;
                for (index, number) in numbers.iter().enumerate().take(SHOWN_PORTS) {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{number}")?;
                }
                f.write_str(", where anyone can run code: see docs/use/publish-serve.md")
            }
            Self::NoWayForWorkers { by, number } => write!(
                f,
                "{by} without port {number} (gcs-server): no worker can join; see docs/use/publish-serve.md"
            ),
            Self::PortRenamed {
                number,
                from: Some(from),
                to,
            } => write!(
                f,
                "head port {number}: {} is now \"{to}\"; Services, PodMonitors and NetworkPolicies must use it",
                Quoted(from)
            ),
            Self::PortRenamed {
                number,
                from: None,
                to,
            } => write!(
                f,
                "head port {number}: had no name and was named \"{to}\"; name it at the source"
            ),
            Self::NameTaken {
                name,
                declared,
                number,
            } => write!(
                f,
                "head port \"{name}\" is {declared}, but Ray listens on {number}: correct the port or rayStartParams"
            ),
            Self::SharedNumber {
                number,
                first,
                second,
                start_param,
            } => write!(
                f,
                "head ports \"{first}\" and \"{second}\" are both {number}, set rayStartParams.{start_param}"
            ),
            Self::DeclaredTwice { number } => write!(
                f,
                "head port {number} goes into the head service twice (TCP and UDP count as one): remove one"
            ),
            Self::InHeadService { number, name } => write!(
                f,
                "headService.spec.ports: remove {} ({number}), KubeRay adds it from the head container",
                Quoted(name)
            ),
            Self::AddedBeside { name, other } => write!(
                f,
                "head port {} ({other}): \"serve\" {} was added beside it; if Serve listens on {other}, call that \"serve\"",
                Quoted(name),
                SERVE.number
            ),
            Self::NoPortForHttp { name, number } => write!(
                f,
                "head port {number} is {}: declare a \"serve\" with the http_options.port of your Serve config",
                Quoted(name)
            ),
            Self::ServeIsNotTcp { protocol } => write!(
                f,
                "head port \"serve\" is {}, but HTTP needs TCP: remove its protocol",
                Quoted(protocol)
            ),
            Self::OnlyPrefixedServe { name } => write!(
                f,
                "head port {}: KubeRay before 1.6 needs a port named exactly \"serve\"",
                Quoted(name)
            ),
            Self::NoTimeToDrain { place, seconds } => write!(
                f,
                "{place}: {seconds} s of terminationGracePeriodSeconds are too short for Ray to drain, use {GRACE_SECONDS}"
            ),
            Self::NoHeadContainer => {
                f.write_str("headGroupSpec.template.spec.containers has no Ray container, add one")
            }
            Self::Malformed {
                field,
                found,
                expected,
            } => write!(f, "{field} is {found}, not {expected}"),
            Self::WouldRecreatePods => f.write_str(
                "Recreate would restart all pods; to allow it, remove and re-add the annotation",
            ),
            Self::TooLarge => f.write_str(
                "its rayStartParams, ports and env are too large to inject into, shorten them",
            ),
            Self::InternalError => {
                f.write_str("ray-serve-webhook failed inside, its log has the cause")
            }
            Self::RecreatesPods => f.write_str(
                "upgradeStrategy Recreate: KubeRay now restarts all pods of this cluster",
            ),
            Self::PodsKeepOldSpec(pods) => pods.fmt(f),
        }
    }
}

/// There are four by which anybody runs code; a user's own list of them may be longer.
const SHOWN_PORTS: usize = 4;
