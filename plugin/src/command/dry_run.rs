//! `--dry-run` of the commands that change what Serve runs.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct DryRunFlag {
    /// Only print what would be done (client), or do it (none)
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        default_value = "none",
        default_missing_value = "client",
        num_args = 0..=1,
        require_equals = true
    )]
    dry_run: DryRun,
}

/// kubectl's, without `server`: Ray has no such mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DryRun {
    None,
    Client,
}

impl DryRunFlag {
    pub(super) fn is_on(self) -> bool {
        self.dry_run == DryRun::Client
    }

    /// What kubectl puts after a line about something that was not done.
    pub(super) fn suffix(self) -> &'static str {
        if self.is_on() { " (dry run)" } else { "" }
    }
}
