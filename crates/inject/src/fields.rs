//! The fields of a `RayCluster` that the engine reads, for whoever holds its text and wants to keep
//! no more than that in memory.
//!
//! A rule that reads a new field finds it missing in the webhook until it is named here; the
//! webhook's tests compare outcomes on whole objects and on what is left of them.

use kuberay::drain::TIMEOUT_ENV;
use kuberay::labels::{ANNOTATION, DRAIN, FAULT_TOLERANT, ORIGIN_KIND, SERVE};
use kuberay::start_params::POD_IP_ENV;

/// How much of a value is read. A value of another type than expected counts by its type, without
/// what is in it.
pub enum Take {
    Whole,
    /// These fields of an object.
    Fields(&'static [(&'static str, Take)]),
    /// This of each element of a list.
    Each(&'static Take),
    /// This of a list's first element, and nothing of the others.
    First(&'static Take),
    /// One of these texts, or nothing where it is another one.
    Text(&'static [&'static str]),
}

use Take::{Each, Fields, First, Text, Whole};

pub const RAY_CLUSTER: Take = Fields(&[
    ("apiVersion", Whole),
    ("kind", Whole),
    (
        "metadata",
        Fields(&[
            ("name", Whole),
            ("namespace", Whole),
            (
                "annotations",
                Fields(&[(ANNOTATION, Whole), (DRAIN, Whole), (FAULT_TOLERANT, Whole)]),
            ),
            ("labels", Fields(&[(ORIGIN_KIND, Whole)])),
            ("deletionTimestamp", Whole),
            ("ownerReferences", Each(&OWNER)),
        ]),
    ),
    (
        "spec",
        Fields(&[
            ("upgradeStrategy", Fields(&[("type", Whole)])),
            ("rayVersion", Whole),
            ("gcsFaultToleranceOptions", Fields(&[])),
            ("headGroupSpec", HEAD_GROUP),
            ("workerGroupSpecs", Each(&WORKER_GROUP)),
        ]),
    ),
]);

const OWNER: Take = Fields(&[
    ("apiVersion", Whole),
    ("kind", Whole),
    ("controller", Whole),
]);

const HEAD_GROUP: Take = Fields(&[
    ("rayStartParams", Whole),
    ("serviceType", Whole),
    ("enableIngress", Whole),
    (
        "headService",
        Fields(&[(
            "spec",
            Fields(&[
                ("type", Whole),
                ("externalIPs", Each(&Text(&[]))),
                ("ports", Each(&PORT)),
            ]),
        )]),
    ),
    (
        "template",
        Fields(&[
            ("metadata", Fields(&[("labels", Fields(&[(SERVE, Whole)]))])),
            ("spec", POD),
        ]),
    ),
]);

const WORKER_GROUP: Take = Fields(&[
    ("groupName", Whole),
    ("rayStartParams", Whole),
    ("template", Fields(&[("spec", POD)])),
]);

const POD: Take = Fields(&[
    ("hostNetwork", Whole),
    ("terminationGracePeriodSeconds", Whole),
    ("containers", First(&CONTAINER)),
]);

const CONTAINER: Take = Fields(&[
    ("image", Whole),
    ("startupProbe", HANDLER),
    ("readinessProbe", HANDLER),
    ("livenessProbe", HANDLER),
    (
        "lifecycle",
        Fields(&[("postStart", HANDLER), ("preStop", HANDLER)]),
    ),
    ("ports", Each(&PORT)),
    (
        "env",
        Each(&Fields(&[("name", Text(&[POD_IP_ENV, TIMEOUT_ENV]))])),
    ),
    ("envFrom", First(&Fields(&[]))),
]);

const HANDLER: Take = Fields(&[
    ("httpGet", Fields(&[("port", Whole)])),
    ("tcpSocket", Fields(&[("port", Whole)])),
]);

const PORT: Take = Fields(&[
    ("name", Whole),
    ("containerPort", Whole),
    ("hostPort", Whole),
    ("port", Whole),
    ("targetPort", Whole),
    ("protocol", Whole),
]);
