//! Tests of both programs on a real cluster: `cargo cluster test`. One file per subject.

mod availability;
mod breakage;
mod changes;
mod chart;
mod connection;
mod injection;
mod refusals;
mod serve_story;
mod services;
mod validation;
mod webhook_absent;
