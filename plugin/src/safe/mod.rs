//! Decides what may reach a terminal, a shell or a message.
//!
//! Names, states, messages and logs of a cluster come from anyone who may deploy there, and end up
//! in another user's terminal and command line. No other folder decides which characters are
//! harmless.

mod foreign;
mod json;
mod shell;
mod yaml;

pub use foreign::Neutral;
pub use json::visible_json;
pub use ray_serve_client::text::{clean, is_harmless, name, one_line};
pub use shell::{is_plain_text, is_plain_word, shell_word};
pub use yaml::visible_yaml;
