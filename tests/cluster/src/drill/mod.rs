//! `cargo cluster drill`: faults on the real cluster under load, counted.
//!
//! [`traffic`] plays the drills of [`plan`] in two [`column`]s, without and with the controller, each
//! on a [`cluster`] of its own, and prints a [`table`]. A drill is one function in [`placement`],
//! [`workers`], [`proxies`], [`controller`], [`blind`] or [`release`], which plays on a [`stage`]: it
//! asks for a [`form`], starts a [`load`] of [`client`]s, does what it does, and [`count`]s what became
//! of their requests. [`watch`](mod@watch) and [`health`] keep the time of what changes meanwhile: what
//! the API server says, and what the proxies say of themselves.

mod blind;
mod chaos;
mod client;
mod cluster;
mod column;
mod controller;
mod count;
mod form;
mod health;
mod load;
mod manifest;
mod placement;
mod plan;
mod pod;
mod proxies;
mod random;
mod release;
mod stage;
mod table;
mod traffic;
mod watch;
mod workers;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

pub use self::traffic::Traffic;
use crate::layout::Layout;

#[derive(Clone, Debug, Subcommand)]
pub enum Drill {
    /// What requests through the serve service come to, without and with the controller
    Traffic(Traffic),
}

pub fn drill(layout: &Layout, drill: &Drill) -> Result<ExitCode> {
    match drill {
        Drill::Traffic(traffic) => traffic::drill(layout, traffic),
    }
}
