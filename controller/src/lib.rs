//! The controller: what it does for annotated RayClusters while they run.
//!
//! ```text
//! traffic   the serve service sends requests only to pods that answer
//!             watches -> ClusterState <- probes, Ray's report
//!                             |
//!                           decide -> Change -> patch (JSON for the API server), Event
//!             schedule: when each pod is probed next
//! world     all RayClusters that the watches have told of
//! election  which of several controllers acts
//! kubernetes  the edge: watches, patches, Events, the Lease
//! ```
//!
//! One process that is the leader does this, for all RayClusters at once:
//!
//! 1. What the watches tell goes to `World::see` and `World::forget`; a list that begins anew, to
//!    `begin_list` and `end_list`. Pods without a known node type (`NodeType::read`) are left out.
//! 2. `Schedule::start` gives the pods to probe. For each of them `ClusterState::begin_probe` gives the
//!    address and what to ask (a result without it is dropped), and `Prober::probe` asks. An error of it
//!    is a fault of this machine and no result. Then `Schedule::finish` and `ClusterState::record`.
//! 3. After each of these, `decide`. The changes are made in their order, by `patch`, until one fails: 409
//!    says that the pod is another one, 422 that somebody changed the selector. `ClusterState::took`
//!    follows each change that was taken, and `Change::event` tells it.
//! 4. `Schedule::plan` with the pace of `Paces::of`: for all pods of the cluster after a watch event, a
//!    change or a result that says `Replan::Cluster`; else for the one pod.
//! 5. Serve's report, at most once a minute: `ClusterState::see_report`. Without the lease: nothing of all
//!    this, and `ClusterState::forget_probes`.
//! 6. When the product goes, `give_back` for every serve service that is the operator's (`belongs_to`): a
//!    RayService's own services have the same key.
//!
//! What is decided is pure, with the time as an argument: it is tested as tables and by properties.
//! `traffic::probe::Prober` asks pods, on plain TCP streams, and `kubernetes` does the rest of the I/O.

pub mod election;
pub mod kubernetes;
pub mod traffic;
pub mod world;
