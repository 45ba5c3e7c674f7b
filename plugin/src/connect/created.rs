//! Creates objects in Kubernetes, and collects the warnings of admission.

use http::header::{CONTENT_TYPE, HeaderMap, WARNING};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::core::Status;
use serde_json::Value;

use super::api::Api;
use super::error::Error;

/// The field manager shown by `kubectl get --show-managed-fields`.
const FIELD_MANAGER: &str = "kubectl-ray";

/// An object as the API server stored it.
#[derive(Debug)]
pub struct Created {
    pub object: Value,
    pub warnings: Vec<String>,
}

impl Api {
    /// POSTs an object to `path`, as kubectl create does; a dry run stores nothing. `action`
    /// completes "not allowed to …".
    pub async fn create(
        &self,
        action: &str,
        path: &str,
        object: &Value,
        dry_run: bool,
    ) -> Result<Created, Error> {
        let dry_run = if dry_run { "&dryRun=All" } else { "" };
        let path = format!("{path}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict{dry_run}");
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(object.to_string().into_bytes()))
            .map_err(|error| Error::Unexpected {
                action: action.to_owned(),
                cause: error.to_string(),
            })?;
        let client = self.client();
        self.bounded(action, async {
            let response = client.send(request).await?;
            let warnings = warnings(response.headers());
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            if !status.is_success() {
                return Err(kube::Error::Api(Box::new(refusal(status, &body))));
            }
            let mut object: Value =
                serde_json::from_slice(&body).map_err(kube::Error::SerdeError)?;
            // Managed fields are noise, and kubectl hides them too.
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.shift_remove("managedFields");
            }
            Ok(Created { object, warnings })
        })
        .await
    }
}

fn refusal(status: StatusCode, body: &[u8]) -> Status {
    serde_json::from_slice(body).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(body);
        Status::failure(text.trim(), "").with_code(status.as_u16())
    })
}

/// The text of `299 - "text"`, which kubectl prints after `Warning:`.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(WARNING).iter();
    let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    values
        .filter_map(|value| {
            let quoted = value.splitn(3, ' ').nth(2)?.trim();
            let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
            Some(unescape(text))
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let mut characters = text.chars();
    let mut unescaped = String::new();
    while let Some(character) = characters.next() {
        let plain = if character == '\\' {
            characters.next()
        } else {
            Some(character)
        };
        unescaped.extend(plain);
    }
    unescaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_told_as_they_were_meant() {
        let mut headers = HeaderMap::new();
        for value in [
            r#"299 - "spec.x is \"old\", a\\b""#,
            r#"299 - "second""#,
            "199",
        ] {
            headers.append(WARNING, value.parse().unwrap());
        }
        assert_eq!(warnings(&headers), [r#"spec.x is "old", a\b"#, "second"]);
    }

    #[test]
    fn a_refusal_that_is_no_status_is_its_text() {
        let status = refusal(StatusCode::NOT_FOUND, b"404 page not found\n");
        assert_eq!(
            (status.code, status.message.as_str()),
            (404, "404 page not found")
        );
    }
}
