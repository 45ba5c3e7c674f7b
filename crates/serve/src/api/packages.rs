//! The part of a dashboard's REST API where code is left for Ray to fetch, as its job client does.

use std::sync::Arc;

use http::StatusCode;

use crate::http::body::{Content, FileContent};
use crate::http::error::Error;
use crate::http::request::Request;
use crate::http::{Client, Dial};

/// In the GCS, the store on the head.
const PACKAGES: &str = "/api/packages/gcs/";
const ZIP: &str = "application/octet-stream";

impl<D: Dial> Client<D> {
    /// Whether the cluster has a package. From the question on Ray keeps one of this name for ten
    /// minutes, there already or not, and after that for as long as an application refers to it.
    pub async fn has_package(&mut self, name: &str) -> Result<bool, Error> {
        let request = Request::get(
            format!("{PACKAGES}{name}"),
            "the question for the uploaded code",
        );
        let answer = self.send(&request).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        self.accept(&request, answer).map(|_| true)
    }

    pub async fn upload_package(
        &mut self,
        name: &str,
        content: Arc<FileContent>,
    ) -> Result<(), Error> {
        let content = Content::File(content);
        let path = format!("{PACKAGES}{name}");
        let request = Request::put(path, ZIP, content, "the upload of the code");
        let answer = self.send(&request).await?;
        self.accept(&request, answer).map(drop)
    }
}
