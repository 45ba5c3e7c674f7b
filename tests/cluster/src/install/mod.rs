//! What the cluster needs on the machine, installed where it is missing.

pub mod debian;
pub mod go;
pub mod programs;
