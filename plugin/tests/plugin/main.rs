//! The plugin from outside: its answers to recorded states, to a dashboard that misbehaves, and to
//! a Kubernetes API server that refuses.

mod address;
mod kubernetes;
mod recorded;
mod support;
