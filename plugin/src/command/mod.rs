//! One file per command: its arguments and what it does.

pub mod call;
pub mod completion;
pub mod config;
pub mod config_file;
pub mod create;
pub mod dashboard;
pub mod delete;
pub mod diff;
mod dry_run;
pub mod get;
pub mod inject;
pub mod logs;
mod outage;
pub mod session;
pub mod skipped;
pub mod status;
pub mod submit;
pub mod validate;
pub mod wait;

use crate::cli::{Cli, Command, ServeCommand};
use crate::connect::Dashboard;
use crate::error::Failure;
use crate::output::Ui;

pub async fn run(cli: Cli, ui: &Ui) -> Result<(), Failure> {
    let serve = match cli.command {
        Command::Completion(args) => return completion::run(&args, &cli.program, ui),
        Command::Version => return version(ui),
        Command::Serve(serve) => serve,
    };
    let connection = &serve.connection;
    if serve.command.matters_unread() {
        ui.go_on_unread();
    }
    match serve.command {
        ServeCommand::Create(args) => create::run(&args, connection, ui).await,
        ServeCommand::Submit(args) => submit::run(&args, connection, ui).await,
        ServeCommand::Get(args) => get::run(&args, connection, ui).await,
        ServeCommand::Status(args) => Box::pin(status::run(&args, connection, ui)).await,
        ServeCommand::Config(args) => config::run(&args, connection, ui).await,
        ServeCommand::Logs(args) => logs::run(&args, connection, ui).await,
        ServeCommand::Call(args) => call::run(&args, connection, ui).await,
        ServeCommand::Dashboard(args) => dashboard::run(&args, connection, ui).await,
        ServeCommand::Delete(args) => delete::run(&args, connection, ui).await,
        ServeCommand::Inject(args) => inject::run(&args, ui),
        ServeCommand::Diff(args) => diff::run(&args, connection, ui).await,
        ServeCommand::Validate(args) => validate::run(&args, ui),
        ServeCommand::Completion(args) => completion::run(&args, &cli.program, ui),
        ServeCommand::Version => version(ui),
    }
}

fn version(ui: &Ui) -> Result<(), Failure> {
    ui.line(&format!("kubectl-ray {}", env!("CARGO_PKG_VERSION")))
}

/// A `RayService`'s or `RayJob`'s cluster is its operator's: it would undo what is done here.
async fn refuse_owned(dashboard: &mut Dashboard, force: bool) -> Result<(), Failure> {
    let Some(cluster) = dashboard.find().await? else {
        return Ok(());
    };
    match cluster.owner() {
        Some(owner) if !force => Err(Failure::Failed(format!(
            "raycluster/{} belongs to {owner}, whose operator would overwrite this: change {owner} instead, or pass --force",
            cluster.metadata.name
        ))),
        _ => Ok(()),
    }
}
