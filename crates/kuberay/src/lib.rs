//! Facts about KubeRay and its RayClusters, each of them once, for every program of the house.
//!
//! ```text
//! names         what the operator calls the objects that it makes, and which names it takes
//! labels        the labels and annotations by which it and others know its objects
//! operator      how its own Deployment is found
//! resource      how the API server and kubectl name a RayCluster
//! ports         the ports of a head: names, numbers, and the start params that move them
//! start_params  what a head that can serve is started with, and how a value is read
//! drain         how a pod ends without failing requests
//! role          which of several ports carries Serve's HTTP
//! raycluster    the fields of a RayCluster, and what they mean
//!   <- owner    the RayService or RayJob that it was made for
//! scope         which RayClusters this product changes
//! head          which of several head pods is the head
//!   <- pod_state  why a pod cannot take requests
//!   <- event      what Kubernetes reports about it
//! service       the serve service, and where its ports lead
//! endpoints     the pods that its traffic goes to
//! ```
//!
//! Pure: no requests, no runtime, no command line, and nothing of the other crates here.

pub mod drain;
pub mod endpoints;
pub mod event;
pub mod head;
pub mod labels;
pub mod names;
pub mod operator;
pub mod owner;
pub mod pod_state;
pub mod ports;
pub mod raycluster;
pub mod resource;
pub mod role;
pub mod scope;
pub mod service;
pub mod start_params;

pub use raycluster::RayCluster;
