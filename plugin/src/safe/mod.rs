//! What may reach a terminal, a shell or a message, whoever said it.
//!
//! Names, states, messages and logs of a cluster are written by whoever may deploy there, and end up
//! in the terminal and on the command line of somebody else. This is the one place that decides what
//! of them is harmless.

mod character;
mod foreign;
mod json;
mod shell;
mod terminal;
mod yaml;

pub use character::is_harmless;
pub use foreign::Neutral;
pub use json::visible_json;
pub use shell::{is_plain_text, is_plain_word, shell_word};
pub use terminal::{clean, name, one_line};
pub use yaml::visible_yaml;
