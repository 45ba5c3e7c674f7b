use std::fmt::{self, Write as _};

use crate::Reason;
use crate::table::{ANNOTATION, ANNOTATION_ON};

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
    /// The only serve port has a name that older operators do not know.
    OnlyPrefixedServe {
        name: String,
    },
    NoHeadContainer,
    Malformed {
        field: String,
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

/// Pods that were made before the injection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldPods {
    pub namespace: Option<String>,
    pub cluster: String,
    pub head: bool,
    pub workers: bool,
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
            | Self::PortRenamed { .. }
            | Self::NameTaken { .. }
            | Self::SharedNumber { .. }
            | Self::DeclaredTwice { .. }
            | Self::InHeadService { .. }
            | Self::OnlyPrefixedServe { .. }
            | Self::RecreatesPods
            | Self::PodsKeepOldSpec(_) => None,
        }
    }
}

impl fmt::Display for Warning {
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
            Self::PortRenamed {
                number,
                from: Some(from),
                to,
            } => write!(
                f,
                "head port {number}: {} was renamed to \"{to}\", which KubeRay looks for; rename it at the source",
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
            Self::OnlyPrefixedServe { name } => write!(
                f,
                "head port {}: KubeRay before 1.6 needs a port named exactly \"serve\"",
                Quoted(name)
            ),
            Self::NoHeadContainer => {
                f.write_str("headGroupSpec.template.spec.containers has no Ray container, add one")
            }
            Self::Malformed { field, expected } => write!(f, "{field} is not {expected}"),
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

const TAKES_EFFECT: &str = "takes effect in new pods";

impl fmt::Display for OldPods {
    /// The head service goes with the head pod: the operator creates it once and never updates it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.cluster;
        let (what, selector) = match (self.head, self.workers) {
            (true, false) => ("pod,svc", format!("ray.io/identifier={name}-head")),
            (true, true) => ("pod,svc", format!("ray.io/cluster={name}")),
            (false, _) => (
                "pod",
                format!("ray.io/node-type=worker,ray.io/cluster={name}"),
            ),
        };
        let in_namespace = self.namespace.as_ref().map(|name| format!(" -n {name}"));
        let command = |says: &str, namespace: &str| {
            format!("{says}: kubectl delete {what}{namespace} -l {selector}")
        };
        let texts = [
            in_namespace.map(|namespace| command(TAKES_EFFECT, &namespace)),
            Some(command(TAKES_EFFECT, "")),
            // Room for the longest name that KubeRay takes.
            Some(command("needs new pods", "")),
        ];
        // Half a command is worse than none, and so is one that a shell takes for another.
        let names = [name, self.namespace.as_ref().unwrap_or(name)];
        f.write_str(
            texts
                .iter()
                .flatten()
                .find(|text| text.len() < MAX_LEN && names.iter().all(|name| is_dns_name(name)))
                .unwrap_or(&format!("{TAKES_EFFECT}: delete those that run")),
        )
    }
}

/// Names are looked at by the API server only after the webhook.
fn is_dns_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}

/// A user's value in quotes, on one line and short enough for any warning.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 15; // the longest name of a port
        f.write_char('"')?;
        let mut rest = self.0.chars();
        let mut shown = 0;
        for c in rest.by_ref() {
            let escaped = c.escape_debug();
            shown += escaped.clone().map(char::len_utf8).sum::<usize>();
            if shown > SHOWN {
                return f.write_str("…\"");
            }
            write!(f, "{escaped}")?;
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::HEAD_PORTS;

    /// Every warning with the longest text that any object can put into it.
    fn longest() -> Vec<Warning> {
        let value = || "\u{1b}[31m\n".repeat(1000);
        let mut all = vec![
            Warning::AnnotationLooksTrue { value: value() },
            Warning::LoopbackDashboard { value: value() },
            Warning::NoDashboard { value: value() },
            Warning::DeclaredTwice { number: u16::MAX },
            Warning::InHeadService {
                number: u16::MAX,
                name: value(),
            },
            Warning::OnlyPrefixedServe { name: value() },
            Warning::NoHeadContainer,
            Warning::Malformed {
                field: "headGroupSpec.template.spec.containers[0].ports[999999].containerPort"
                    .to_owned(),
                expected: "a port number",
            },
            Warning::WouldRecreatePods,
            Warning::TooLarge,
            Warning::InternalError,
            Warning::RecreatesPods,
        ];
        for port in HEAD_PORTS {
            all.push(Warning::PortRenamed {
                number: u16::MAX,
                from: Some(value()),
                to: port.name,
            });
            all.push(Warning::PortRenamed {
                number: u16::MAX,
                from: None,
                to: port.name,
            });
            all.push(Warning::NameTaken {
                name: port.name,
                declared: u16::MAX,
                number: u16::MAX,
            });
            if let Some(param) = port.start_param {
                all.push(Warning::NotAPort {
                    param,
                    value: value(),
                });
                all.push(Warning::SharedNumber {
                    number: u16::MAX,
                    first: "dashboard-agent",
                    second: port.name,
                    start_param: param,
                });
            }
        }
        all.push(Warning::PodsKeepOldSpec(OldPods {
            namespace: None,
            cluster: "\u{7f}pdated".to_owned(),
            head: true,
            workers: true,
        }));
        for (head, workers) in [(true, false), (false, true), (true, true)] {
            for len in [1, 20, 53, 63, 253] {
                all.push(Warning::PodsKeepOldSpec(OldPods {
                    namespace: Some("n".repeat(63)),
                    cluster: "c".repeat(len),
                    head,
                    workers,
                }));
            }
        }
        all
    }

    #[test]
    fn warnings_are_short_single_lines() {
        for warning in longest() {
            let text = warning.to_string();
            assert!(text.len() < MAX_LEN, "{}: {text}", text.len());
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }

    #[test]
    fn no_command_is_made_of_what_is_no_name() {
        for (namespace, cluster) in [
            ("default", "a;reboot"),
            ("default", "-A"),
            ("default", ""),
            ("$(reboot)", "a"),
            ("default", "\u{7f}"),
        ] {
            let pods = OldPods {
                namespace: Some(namespace.to_owned()),
                cluster: cluster.to_owned(),
                head: true,
                workers: false,
            };
            let text = pods.to_string();
            assert!(!text.contains("kubectl"), "{text}");
        }
    }

    #[test]
    fn a_long_namespace_goes_before_the_command_does() {
        let mut pods = OldPods {
            namespace: Some("demo".to_owned()),
            cluster: "test-cluster".to_owned(),
            head: true,
            workers: false,
        };
        assert_eq!(
            pods.to_string(),
            "takes effect in new pods: kubectl delete pod,svc -n demo -l ray.io/identifier=test-cluster-head"
        );
        pods.namespace = Some("n".repeat(63));
        assert_eq!(
            pods.to_string(),
            "takes effect in new pods: kubectl delete pod,svc -l ray.io/identifier=test-cluster-head"
        );
        let longest = "c".repeat(53);
        pods.cluster.clone_from(&longest);
        assert_eq!(
            pods.to_string(),
            format!("needs new pods: kubectl delete pod,svc -l ray.io/identifier={longest}-head")
        );
        pods.cluster = "c".repeat(63);
        assert_eq!(
            pods.to_string(),
            "takes effect in new pods: delete those that run"
        );
    }
}
