//! Generated objects: valid `RayCluster`s, the same with parts replaced by anything, plain JSON.

mod ending;

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use ending::{ending, whole_cluster};

pub(crate) fn any_object() -> impl Strategy<Value = Value> {
    prop_oneof![3 => cluster(), 6 => broken_cluster(), 1 => any_json()]
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = select(vec![
        "name",
        "containerPort",
        "spec",
        "metadata",
        "a/b~c",
        "",
        "protocol",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..70_000_u32).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        select(vec!["8000", "serve", "true", "$MY_POD_IP"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key.clone(), inner), 0..4).prop_map(object),
        ]
    })
}

/// A cluster with any one to three of its parts replaced by anything.
fn broken_cluster() -> impl Strategy<Value = Value> {
    let breaks = vec((any::<Index>(), any_json()), 1..4);
    (cluster(), breaks).prop_map(|(mut cluster, breaks)| {
        for (index, value) in breaks {
            let mut paths = Vec::new();
            collect_paths(&cluster, String::new(), &mut paths);
            let path: &String = index.get(&paths);
            *cluster.pointer_mut(path).unwrap() = value;
        }
        cluster
    })
}

fn collect_paths(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                collect_paths(member, format!("{path}/{key}"), paths);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                collect_paths(element, format!("{path}/{index}"), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}

/// A `RayCluster` that the API server takes: no name twice, no number twice in one protocol.
pub(crate) fn cluster() -> impl Strategy<Value = Value> {
    let annotation = prop_oneof![9 => Just("true"), 1 => select(vec!["True", "false", "1"])];
    let strategy = option::of(select(vec!["None", "Recreate"]));
    let workers = vec((start_params(), option::of(env()), ending()), 0..3);
    let head = (
        start_params(),
        option::of(ports("containerPort")),
        option::of(ports("port")),
        option::of(env()),
        exposure(),
        probes(),
        ending(),
    );
    (annotation, strategy, whole_cluster(), head, workers).prop_map(
        |(annotation, strategy, whole, head, workers)| {
            let (params, ports, service_ports, env, exposure, probes, ending) = head;
            let mut ray = container(ports, env);
            ray.as_object_mut().unwrap().extend(probes);
            let mut head = json!({ "template": { "spec": { "containers": [ray] } } });
            ending.put_into(&mut head["template"]);
            if let Some(params) = params {
                head["rayStartParams"] = params;
            }
            let service_type = exposure.publish(&mut head);
            if let Some(mut ports) = service_ports {
                for (index, port) in ports.as_array_mut().unwrap().iter_mut().enumerate() {
                    if port["name"].as_str().unwrap_or_default().is_empty() {
                        port["name"] = format!("extra-{index}").into();
                    }
                }
                head["headService"]["spec"]["ports"] = ports;
            }
            if let Some(own) = service_type {
                head["headService"]["spec"]["type"] = own.into();
            }
            let workers = workers.into_iter().enumerate().map(|(index, (params, env, ending))| {
                let mut group = json!({
                    "groupName": format!("group-{index}"),
                    "rayStartParams": params,
                    "template": { "spec": { "containers": [container(None, env), { "name": "sidecar" }] } },
                });
                ending.put_into(&mut group["template"]);
                group
            });
            let mut cluster = json!({
                "apiVersion": "ray.io/v1",
                "kind": "RayCluster",
                "metadata": {
                    "name": "c",
                    "annotations": { "ray.io/enable-serve-service": annotation },
                },
                "spec": {
                    "upgradeStrategy": { "type": strategy },
                    "headGroupSpec": head,
                    "workerGroupSpecs": workers.collect::<Vec<_>>(),
                },
            });
            whole.put_into(&mut cluster);
            cluster
        },
    )
}

/// The ways in which a head is published.
#[derive(Clone, Debug)]
struct Exposure {
    service_type: Option<&'static str>,
    own_type: Option<&'static str>,
    external: bool,
    host_network: bool,
}

impl Exposure {
    /// Returns the type for the head service's own spec.
    fn publish(self, head: &mut Value) -> Option<&'static str> {
        if let Some(of_group) = self.service_type {
            head["serviceType"] = of_group.into();
        }
        if self.external {
            head["headService"] = json!({ "spec": { "externalIPs": ["192.0.2.7"] } });
        }
        if self.host_network {
            head["template"]["spec"]["hostNetwork"] = true.into();
        }
        self.own_type
    }
}

fn exposure() -> impl Strategy<Value = Exposure> {
    let types = || {
        option::weighted(
            0.3,
            select(vec!["", "ClusterIP", "NodePort", "LoadBalancer"]),
        )
    };
    (types(), types(), 0..10, 0..10).prop_map(|(service_type, own_type, external, host)| Exposure {
        service_type,
        own_type,
        external: external == 0,
        host_network: host == 0,
    })
}

/// Probes and hooks of a container that name a port, by name or by number.
fn probes() -> impl Strategy<Value = Map<String, Value>> {
    let port = || {
        prop_oneof![
            4 => select(vec!["http", "redis", "prom", "serve", "dashboard"]).prop_map(Value::from),
            1 => Just(json!(8000)),
        ]
    };
    let probe = select(vec!["startupProbe", "readinessProbe", "livenessProbe"]);
    let how = || select(vec!["httpGet", "tcpSocket"]);
    let probe = (probe, how(), port())
        .prop_map(|(probe, how, port)| (probe.to_owned(), json!({ how: { "port": port } })));
    let hook = (select(vec!["postStart", "preStop"]), how(), port())
        .prop_map(|(hook, how, port)| json!({ hook: { how: { "port": port } } }));
    (vec(probe, 0..3), option::of(hook)).prop_map(|(probes, hook)| {
        let mut probes: Map<String, Value> = probes.into_iter().collect();
        probes.extend(hook.map(|hook| ("lifecycle".to_owned(), hook)));
        probes
    })
}

fn container(ports: Option<Value>, env: Option<Value>) -> Value {
    let mut container =
        json!({ "name": "ray", "image": "ray", "unknown/field~of": ["the future"] });
    if let Some(ports) = ports {
        container["ports"] = ports;
    }
    if let Some(env) = env {
        container["env"] = env;
    }
    container
}

fn env() -> impl Strategy<Value = Value> {
    let name = select(vec!["MY_POD_IP", "MY_POD_IPS", "LOG_LEVEL"]);
    vec(
        name.prop_map(|name| json!({ "name": name, "value": "x" })),
        0..3,
    )
    .prop_map(Value::from)
}

/// Numbers and names that collide with the six ports, with moved ones, and with each other.
fn ports(number_key: &'static str) -> impl Strategy<Value = Value> {
    let names = vec![
        "",
        "serve",
        "serve-grpc",
        "serve-http",
        "serve-metrics",
        "ray-serve",
        "dashboard",
        "metrics",
        "client",
        "gcs-server",
        "redis",
        "dashboard-agent",
        "http",
        "prom",
    ];
    let numbers = vec![8000, 8080, 8265, 52365, 10001, 6379, 9000, 9090, 9265];
    let protocol = option::weighted(0.3, select(vec!["TCP", "UDP"]));
    vec((option::of(select(names)), select(numbers), protocol), 0..7).prop_map(move |ports| {
        let mut names = HashSet::new();
        let mut numbers = HashSet::new();
        let unique = ports.into_iter().filter(|(name, number, protocol)| {
            let name = name.filter(|name| !name.is_empty());
            // An unnamed port of a number that is there already would get one name from the operator.
            let name = name.map_or_else(|| number.to_string(), str::to_owned);
            names.insert(name) && numbers.insert((*number, protocol.unwrap_or("TCP")))
        });
        unique
            .map(|(name, number, protocol)| {
                let mut port = json!({ number_key: number });
                if let Some(name) = name {
                    port["name"] = name.into();
                }
                if let Some(protocol) = protocol {
                    port["protocol"] = protocol.into();
                }
                port
            })
            .collect()
    })
}

fn start_params() -> impl Strategy<Value = Option<Value>> {
    let key = select(vec![
        "port",
        "ray-client-server-port",
        "dashboard-port",
        "metrics-export-port",
        "dashboard-agent-listen-port",
        "dashboard-host",
        "include-dashboard",
        "node-ip-address",
    ]);
    let value = select(vec![
        "8000",
        "8080",
        "8265",
        "9090",
        "9265",
        "0",
        "abc",
        "127.0.0.1",
        "false",
        "$MY_POD_IP",
        "${MY_POD_IP}",
    ]);
    let value = prop_oneof![
        9 => value.prop_map(Value::from),
        1 => select(vec![json!(8266), json!(false), json!(null)]),
    ];
    let entries = vec((key, value), 0..6);
    option::of(entries.prop_map(object))
}

fn object(entries: Vec<(&str, Value)>) -> Value {
    let entries = entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    Value::Object(entries.collect::<Map<_, _>>())
}
