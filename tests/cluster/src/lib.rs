//! A real one-node Kubernetes with the KubeRay operator and Ray, without Docker.
//!
//! `cargo cluster up` builds what it is made of from published sources, once, and starts it;
//! `demo` shows this project's main job on it, `test` tests, `bench` measures, `drill` plays faults and `pictures` shows
//! the project on it, `down` ends it.
//!
//! The way of a start: [`install`] (commands) and [`image`] (images) fill the user's cache,
//! [`network`] and [`pki`] prepare the machine, then each [`component`] is started and awaited.

pub mod bench;
pub mod cli;
pub mod command;
pub mod component;
pub mod demo;
pub mod down;
pub mod drill;
pub mod fuzz;
pub mod hex;
pub mod http;
pub mod image;
pub mod install;
pub mod kubectl;
pub mod layout;
pub mod lock;
pub mod logs;
pub mod matrix;
pub mod network;
pub mod picture;
pub mod pki;
pub mod process;
pub mod progress;
pub mod ray_cluster;
pub mod status;
pub mod table;
pub mod target;
pub mod test;
pub mod up;
pub mod versions;
pub mod wait;
