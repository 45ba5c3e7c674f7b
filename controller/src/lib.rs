//! The controller: what it does for annotated RayClusters while they run.
//!
//! ```text
//! traffic   the serve service sends requests only to pods that answer
//!             watches -> ClusterState <- probes, Ray's report
//!                             |
//!                           decide -> Change -> patch (JSON for the API server), Event
//!             schedule: when each pod is probed next
//! ```
//!
//! What is decided is pure, with the time as an argument: it is tested as tables and by properties. The
//! one thing here that does I/O is `traffic::probe::Prober`, on plain TCP streams. Whoever uses this
//! crate watches Kubernetes, sends what `decide` asks for, and reports back what the API server took.

pub mod traffic;
