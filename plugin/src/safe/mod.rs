//! What may reach a terminal, a shell or a message, whoever said it.
//!
//! Names, states, messages and logs of a cluster are written by whoever may deploy there, and end up
//! in the terminal and on the command line of somebody else. This is the one place that decides what
//! of them is harmless.

mod foreign;
mod json;
mod shell;
mod yaml;

pub use foreign::Neutral;
pub use json::visible_json;
pub use ray_serve_client::text::{clean, is_harmless, name, one_line};
pub use shell::{is_plain_text, is_plain_word, shell_word};
pub use yaml::visible_yaml;
