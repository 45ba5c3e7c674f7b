//! Keeps a serve service on the pods that answer, by one label and one key of a selector.
//!
//! The operator's serve service selects every pod of its RayCluster, while Serve runs proxies on some of
//! them only: requests to the others are refused. Here each pod is probed, labelled `ray.io/serve: "true"`
//! while its proxy answers and `"false"` otherwise, and the service's selector is narrowed to that label.
//!
//! ```text
//! cluster_state  what is known of one RayCluster: service, pods, probes, Ray's report
//!   <- pod         a pod, and the history of its probes
//!   <- service     the serve service, and whose its selector is
//!   <- report      what Serve's REST API says of its proxies; second to the probes
//! decide         from what is known to what to change
//!   <- membership  which pods join and which leave
//!   <- selector    when the selector is narrowed, and when it is given back
//!   <- notice      what a person has to be told, once
//! change         what to change
//!   <- event       what a person is told of it, and why it was done
//! patch          the JSON of a change
//! probe          one probe of one pod: how it is sent, and what its answer means
//! schedule       when each pod is probed next, within a budget
//! ```
//!
//! The rules that are worth knowing before changing any of it:
//!
//! - A cluster is left as the operator made it until one of its pods is proved to serve.
//! - The selector is narrowed after the labels that it needs are there, never before.
//! - A pod that is being deleted is never changed: without its label it would leave the endpoints that
//!   kube-proxy falls back to while it drains.
//! - The last pod that is in stays in.
//! - A pod whose probes fail leaves only if another pod of the cluster answered meanwhile. Where none
//!   does, the fault may be our own network's, or Serve was shut down: neither is mended by a label.

pub mod change;
pub mod cluster_state;
mod decide;
pub mod event;
mod membership;
mod notice;
pub mod patch;
pub mod pod;
pub mod probe;
pub mod report;
pub mod schedule;
mod selector;
pub mod service;

pub use change::Change;
pub use cluster_state::{Cluster, ClusterState};
pub use decide::decide;
pub use event::Event;
pub use selector::give_back;
pub use service::Mode;
