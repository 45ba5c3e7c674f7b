//! `kubectl ray serve`: Ray Serve on a plain `RayCluster`.
//!
//! Data goes one way: `argv -> cli -> command -> connect -> ray_serve_client -> output`.
//!
//! ```text
//! dispatch    from a parsed command line to its command
//! cli         what can be typed; completion: what a shell offers for it
//! command     a file or folder per command
//! connect     from a kubeconfig or an address to a stream to a dashboard
//! check       what users write for Serve, judged before it is sent
//! package     local code: what is packed and uploaded
//! manifest    RayClusters as users write them, for `inject`
//! output      tables, trees, progress, colours: the one place that prints
//! error       what ends a command, and its exit code
//! hint        what a user can do about an error
//! input       files and stdin
//! yaml        YAML as PyYAML, kubectl and this program read and write it
//! safe        what may reach a terminal, a shell or a file
//! userinfo    URLs without their passwords
//! ```

// Help texts are doc comments, and clap would print the backticks.
#![allow(clippy::doc_markdown)]

pub mod check;
pub mod cli;
pub mod command;
pub mod completion;
pub mod connect;
pub mod dispatch;
pub mod error;
pub mod hint;
pub mod input;
pub mod manifest;
pub mod output;
pub mod package;
pub mod safe;
pub mod userinfo;
pub mod yaml;

use std::ffi::OsString;

use crate::hint::Hint;
use crate::output::Ui;

/// Runs one command line and gives its exit code: 0 done, 1 failed, 2 usage, 130 interrupted.
pub fn run(argv: impl IntoIterator<Item = OsString>) -> u8 {
    let mut ui = Ui::for_process();
    let argv: Vec<OsString> = argv.into_iter().collect();
    // Fails only if somebody installed a provider before us, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(question) = completion::question(&argv) {
        return question.answer(argv, &ui);
    }
    let cli = match cli::parse(argv) {
        Ok(cli) => cli,
        Err(error) => return ui.clap(&error),
    };
    // One thread: a command is one conversation, and starting more threads costs start-up time.
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.error(&format!("cannot start: {error}"));
            return 1;
        }
    };
    let result = runtime.block_on(dispatch::run(cli, &mut ui));
    let result = result.and_then(|()| ui.written());
    // Not dropped: that would wait for a name look-up that a time limit has already given up on.
    runtime.shutdown_background();
    match result {
        Ok(()) => 0,
        Err(failure) => {
            if let Some(message) = failure.message() {
                ui.error(&message);
                ui.hint(failure.hint().as_deref());
            }
            failure.code()
        }
    }
}
