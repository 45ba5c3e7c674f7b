//! Container images, made without any registry or Docker.

pub mod archive;
pub mod pause;
pub mod ray;
pub mod webhook;
