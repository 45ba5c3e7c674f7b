//! A cluster as the API server holds it, and controllers that each know what they were told of it.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use ray_serve_controller::traffic::change::{Change, Membership};
use ray_serve_controller::traffic::pod::{NodeType, SeenPod, ServeLabel};
use ray_serve_controller::traffic::probe::{Foreign, Outcome};
use ray_serve_controller::traffic::service::{ServeService, broad, labelled};
use ray_serve_controller::traffic::{Cluster, ClusterState, Mode, decide, patch};

const PODS: usize = 6;

/// Something that happens, to a pod by its index or to the service.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A pod appears where there is none, with the label of its template.
    Create(usize, bool),
    Start(usize),
    Ready(usize, bool),
    Terminate(usize),
    Gone(usize),
    Probe(usize, Outcome),
    /// All pods are probed at once, for some time.
    Rounds(Vec<Outcome>, u8),
    /// The service is deleted, and the operator makes it again.
    Recreate,
    Wait(u16),
    /// The API server refuses the next changes.
    Refuse(u8),
}

/// What the API server holds.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) pods: Vec<Option<SeenPod>>,
    pub(crate) service: ServeService,
    pub(crate) now: Instant,
    made: usize,
    refusals: u8,
}

/// What one controller knows.
#[derive(Debug, Clone)]
pub(crate) struct Controller {
    pub(crate) state: ClusterState,
}

pub(crate) fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Serves),
        1 => Just(Outcome::NoRoutes),
        2 => Just(Outcome::Leaving),
        3 => Just(Outcome::Refused),
        3 => Just(Outcome::Silent),
        1 => Just(Outcome::Foreign(Foreign::Status(404))),
    ]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let pod = 0..PODS;
    prop_oneof![
        2 => (pod.clone(), any::<bool>()).prop_map(|(pod, is_in)| Step::Create(pod, is_in)),
        1 => pod.clone().prop_map(Step::Start),
        2 => (pod.clone(), any::<bool>()).prop_map(|(pod, ready)| Step::Ready(pod, ready)),
        1 => pod.clone().prop_map(Step::Terminate),
        1 => pod.clone().prop_map(Step::Gone),
        6 => (pod, outcome()).prop_map(|(pod, outcome)| Step::Probe(pod, outcome)),
        6 => (proptest::collection::vec(outcome(), PODS), 1..5u8)
            .prop_map(|(outcomes, rounds)| Step::Rounds(outcomes, rounds)),
        1 => Just(Step::Recreate),
        1 => (0..15_000u16).prop_map(Step::Wait),
        1 => (1..4u8).prop_map(Step::Refuse),
    ]
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            pods: vec![None; PODS],
            service: ServeService {
                name: "x-serve-svc".to_owned(),
                uid: "s0".to_owned(),
                owner_uid: Some("c".to_owned()),
                selector: broad("x"),
                port: Some(8000),
            },
            now: Instant::now(),
            made: 0,
            refusals: 0,
        }
    }

    pub(crate) fn is_narrowed(&self) -> bool {
        self.service.selector == labelled("x")
    }

    /// The pods that a narrowed service sends requests to.
    pub(crate) fn endpoints(&self) -> usize {
        let is_endpoint =
            |pod: &&SeenPod| pod.label == ServeLabel::In && pod.is_ready && !pod.is_terminating;
        self.pods.iter().flatten().filter(is_endpoint).count()
    }

    pub(crate) fn pod(&self, uid: &str) -> Option<&SeenPod> {
        self.pods.iter().flatten().find(|pod| pod.uid == uid)
    }

    /// What the step does in the cluster. The results of probes are for the controllers alone.
    pub(crate) fn happen(&mut self, step: &Step) {
        self.now += Duration::from_millis(50);
        let made = self.made;
        match *step {
            Step::Create(index, is_in) => {
                let is_free = self.pods[index].is_none();
                if is_free {
                    self.pods[index] = Some(new_pod(index, made, is_in));
                    self.made += 1;
                }
            }
            Step::Start(index) => self.change(index, |pod| {
                pod.container = Some(format!("container-{made}"));
                pod.ip = Some([10, 0, 0, 1].into());
            }),
            Step::Ready(index, is_ready) => self.change(index, |pod| pod.is_ready = is_ready),
            Step::Terminate(index) => self.change(index, |pod| pod.is_terminating = true),
            Step::Gone(index) => self.pods[index] = None,
            Step::Recreate => {
                self.service.uid = format!("s{}", self.made);
                self.service.selector = broad("x");
                self.made += 1;
            }
            Step::Wait(milliseconds) => self.now += Duration::from_millis(milliseconds.into()),
            Step::Refuse(refusals) => self.refusals = refusals,
            Step::Probe(..) | Step::Rounds(..) => {}
        }
    }

    /// Does what the API server does with a change, by the patch that is sent. False where it refuses.
    pub(crate) fn apply(&mut self, change: &Change) -> bool {
        if self.refusals > 0 {
            self.refusals -= 1;
            return false;
        }
        match change {
            Change::LabelPod(label) => {
                let body = patch::label(label);
                let mut pods = self.pods.iter_mut().flatten();
                let Some(pod) = pods.find(|pod| pod.name == label.pod) else {
                    return false;
                };
                if body["metadata"]["uid"] != pod.uid.as_str() {
                    return false;
                }
                pod.label = ServeLabel::read(body["metadata"]["labels"]["ray.io/serve"].as_str());
                true
            }
            Change::SelectPods(select) => {
                let service = &mut self.service;
                let mut json = serde_json::json!({
                    "metadata": {"uid": service.uid}, "spec": {"selector": service.selector},
                });
                let is_taken = json_patch::patch(&mut json, &patch::selector(select)).is_ok();
                let selector = json["spec"]["selector"].take();
                service.selector = serde_json::from_value(selector).unwrap();
                is_taken
            }
            Change::Tell(_) => true,
        }
    }

    fn change(&mut self, index: usize, change: impl FnOnce(&mut SeenPod)) {
        if let Some(pod) = &mut self.pods[index] {
            change(pod);
        }
    }
}

impl Controller {
    pub(crate) fn new() -> Self {
        let state = ClusterState::new(Cluster {
            namespace: "team".to_owned(),
            name: "x".to_owned(),
            uid: "c".to_owned(),
            out_of_scope: None,
        });
        Self { state }
    }

    /// Learns all that the watches say.
    pub(crate) fn watch(&mut self, world: &World) {
        self.state.see_service(Some(world.service.clone()));
        let known: Vec<String> = self.state.pods().map(|pod| pod.seen.uid.clone()).collect();
        for uid in known {
            if world.pod(&uid).is_none() {
                self.state.forget_pod(&uid, world.now);
            }
        }
        for pod in world.pods.iter().flatten() {
            self.state.see_pod(pod.clone(), world.now);
        }
    }

    pub(crate) fn probe(&mut self, world: &World, index: usize, outcome: Outcome) {
        if let Some(pod) = world.pods[index].as_ref().filter(|pod| pod.ip.is_some()) {
            self.state.begin_probe(&pod.uid, world.now);
            self.state.record(&pod.uid, outcome, world.now);
        }
    }

    pub(crate) fn decide(&self, world: &World) -> Vec<Change> {
        decide(&self.state, Mode::Pods, world.now)
    }

    /// Decides once and sends what is asked for until something is refused. Gives what was taken.
    pub(crate) fn act(&mut self, world: &mut World) -> Vec<Change> {
        let mut taken = Vec::new();
        for change in self.decide(world) {
            if !world.apply(&change) {
                break;
            }
            self.state.took(&change, world.now);
            taken.push(change);
        }
        taken
    }
}

/// The name may have been another pod's before; the uid was not.
fn new_pod(index: usize, made: usize, is_in: bool) -> SeenPod {
    let is_head = index < 2;
    let label = match (is_in, is_head) {
        (true, true) => ServeLabel::In,
        (true, false) => ServeLabel::Out,
        (false, _) => ServeLabel::Absent,
    };
    SeenPod {
        name: format!("pod-{index}"),
        uid: format!("uid-{made}"),
        node_type: if is_head {
            NodeType::Head
        } else {
            NodeType::Worker
        },
        ip: None,
        is_ready: false,
        is_terminating: false,
        label,
        container: None,
    }
}

pub(crate) fn takes_out(change: &Change) -> bool {
    matches!(change, Change::LabelPod(label) if label.to == Membership::Out)
}
