//! What a config changes, and what comes of it.

pub mod expected;
pub mod ignored_settings;
pub mod plan;
pub mod rollout;
pub mod states;
pub mod submit;
mod unhealthy;
