//! Packages on their way to the cluster.

use std::sync::Arc;

use super::limit::bytes;
use super::{Packages, REDRAW};
use crate::error::Failure;
use crate::output::Ui;
use crate::serve::Client;
use crate::serve::content::FileContent;

impl Packages {
    /// Brings the packages to the cluster that it has not got yet.
    pub async fn upload(self, client: &mut Client, ui: &Ui) -> Result<(), Failure> {
        for (dir, package) in self.0 {
            let dir = dir.display();
            if client.has_package(&package.name).await? {
                ui.note(&format!(
                    "{dir} is on the cluster already ({})",
                    package.uri()
                ));
                continue;
            }
            let (name, uri, files) = (package.name.clone(), package.uri(), package.files);
            let content = Arc::new(FileContent::new(package.file, package.size));
            let mut progress = ui.progress();
            let size = bytes(content.size());
            {
                let mut upload = std::pin::pin!(client.upload_package(&name, Arc::clone(&content)));
                loop {
                    tokio::select! {
                        uploaded = &mut upload => break uploaded,
                        () = tokio::time::sleep(REDRAW) => progress.passing(
                            &dir.to_string(),
                            format!("uploaded {} of {size}", bytes(content.sent())),
                        ),
                    }
                }
            }
            .inspect_err(|_| progress.clear())?;
            progress.clear();
            // Asked again, because Ray keeps it from the question on, and a slow upload takes long.
            if !client.has_package(&name).await? {
                return Err(Failure::Failed(format!(
                    "the cluster took {dir} ({uri}) and has not got it: see the log of its dashboard"
                )));
            }
            let plural = if files == 1 { "" } else { "s" };
            ui.note(&format!(
                "{dir} uploaded: {files} file{plural}, {size} zipped ({uri})"
            ));
        }
        Ok(())
    }
}
