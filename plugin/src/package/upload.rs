//! Uploads packages to the cluster.

use std::path::Path;
use std::sync::Arc;

use super::archive::Package;
use super::limit::bytes;
use super::{Packages, REDRAW};
use crate::connect::client::Client;
use crate::error::Failure;
use crate::output::Ui;

impl Packages {
    /// Uploads the packages that the cluster lacks, and returns whether there were any.
    ///
    /// Called before each try to submit: a head that was replaced has lost the code too, and Ray
    /// remembers that it did not find it.
    pub async fn upload(&mut self, client: &mut Client, ui: &Ui) -> Result<bool, Failure> {
        let mut uploaded = false;
        for (dir, package) in &self.packages {
            if client.has_package(&package.name).await? {
                if !self.told {
                    let (dir, uri) = (dir.display(), package.uri());
                    ui.note(&format!("{dir} is on the cluster already ({uri})"));
                }
            } else {
                package.upload(dir, client, ui).await?;
                uploaded = true;
            }
        }
        self.told = true;
        Ok(uploaded)
    }
}

impl Package {
    async fn upload(&self, dir: &Path, client: &mut Client, ui: &Ui) -> Result<(), Failure> {
        let (dir, uri) = (dir.display(), self.uri());
        let size = bytes(self.zip.size());
        let mut progress = ui.progress();
        {
            let mut upload =
                std::pin::pin!(client.upload_package(&self.name, Arc::clone(&self.zip)));
            loop {
                tokio::select! {
                    uploaded = &mut upload => break uploaded,
                    () = tokio::time::sleep(REDRAW) => progress.passing(
                        &dir.to_string(),
                        format!("uploaded {} of {size}", bytes(self.zip.sent())),
                    ),
                }
            }
        }
        .inspect_err(|_| progress.clear())?;
        progress.clear();
        // Asked again, because the question also makes Ray keep the package, and a slow upload
        // takes long.
        if !client.has_package(&self.name).await? {
            return Err(Failure::Failed(format!(
                "uploaded {dir} ({uri}), but the cluster does not have it"
            ))
            .with_hint("see the log of its dashboard"));
        }
        ui.note(&format!(
            "{dir} uploaded: {} zipped ({uri})",
            self.content(None)
        ));
        Ok(())
    }
}
