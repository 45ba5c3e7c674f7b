//! Tests of both programs on a real cluster: `cargo cluster test`. One file per subject.

mod availability;
mod breakage;
mod certificate_modes;
mod changes;
mod chart;
mod chart_lifecycle;
mod chart_values;
mod completion;
mod connection;
mod create;
mod create_waits;
mod injection;
mod looking;
mod operators;
mod own_code;
mod proxy;
mod refusals;
mod seeing;
mod serve_story;
mod services;
mod validation;
mod webhook_absent;
