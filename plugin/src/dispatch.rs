//! From a parsed command line to the command that it names.

use crate::cli::{Cli, Command, ServeCommand};
use crate::command::{
    call, config, create, dashboard, delete, diff, get, inject, logs, status, submit, validate,
    version,
};
use crate::completion::scripts;
use crate::error::Failure;
use crate::output::Ui;

pub async fn run(cli: Cli, ui: &mut Ui) -> Result<(), Failure> {
    let mut serve = match cli.command {
        Command::Completion(args) => return scripts::print(&args, &cli.program, ui),
        Command::Version(args) => return version::client(&args, ui),
        Command::Serve(serve) => serve,
    };
    ui.follow(&serve.output);
    serve.connection.trace = ui.trace(serve.connection.verbosity);
    let ui = &*ui;
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
        ServeCommand::Inject(args) => inject::run(&args, connection, ui).await,
        ServeCommand::Diff(args) => diff::run(&args, connection, ui).await,
        ServeCommand::Validate(args) => validate::run(&args, connection, ui).await,
        ServeCommand::Completion(args) => scripts::print(&args, &cli.program, ui),
        ServeCommand::Version(args) => version::run(&args, connection, ui).await,
    }
}
