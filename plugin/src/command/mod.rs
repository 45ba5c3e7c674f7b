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
pub mod files;
pub mod get;
pub mod inject;
pub mod logs;
mod outage;
mod poll;
pub mod reasons;
pub mod session;
pub mod skipped;
pub mod status;
pub mod submit;
pub mod validate;
pub mod version;
pub mod wait;

use crate::connect::Target;
use crate::error::Failure;

/// A `RayService`'s or `RayJob`'s cluster is its operator's: it would undo what is done here.
async fn refuse_owned(target: &mut Target, allow_owned: bool) -> Result<(), Failure> {
    let Some(cluster) = target.find().await? else {
        return Ok(());
    };
    match cluster.owner() {
        Some(owner) if !allow_owned => Err(Failure::Failed(format!(
            "raycluster/{} belongs to {owner}, whose operator would overwrite this",
            cluster.metadata.name
        ))
        .with_hint(format!("change {owner} instead, or pass --allow-owned"))),
        _ => Ok(()),
    }
}
