//! Every warning is one short line, and no command is made of what is no name.

use kuberay::ports::HEAD_PORTS;

use super::*;

fn no_port(value: &serde_json::Value) -> Warning {
    Warning::Malformed {
        field: "head container's ports[999999].containerPort".to_owned(),
        found: crate::text::found(value),
        expected: "a port number",
    }
}

/// Every warning with the longest text that any object can put into it.
#[allow(clippy::too_many_lines)] // one of each
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
        no_port(&value().into()),
        no_port(&serde_json::from_str(&"9".repeat(1000)).unwrap()),
        Warning::Malformed {
            field: "headGroupSpec.serviceType".to_owned(),
            found: crate::text::found(&value().into()),
            expected: crate::exposure::TYPES,
        },
        Warning::Malformed {
            field: format!("workerGroupSpecs[99999].rayStartParams.{}", Short(&value())),
            found: "an object".to_owned(),
            expected: "text",
        },
        Warning::WithoutQuotes {
            place: "workerGroupSpecs[99999]".to_owned(),
            param: value(),
            value: "-9".repeat(1000),
        },
        Warning::AddedBeside {
            name: value(),
            other: u16::MAX,
        },
        Warning::NoPortForHttp {
            name: value(),
            number: u16::MAX,
        },
        Warning::ServeIsNotTcp { protocol: value() },
        Warning::NoWayForWorkers {
            by: Publisher::ExternalIps,
            number: u16::MAX,
        },
        Warning::Published {
            by: Publisher::ExternalIps,
            numbers: vec![u16::MAX; 9],
        },
        Warning::NoTimeToDrain {
            place: "workerGroupSpecs[99999]".to_owned(),
            seconds: 45,
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
