//! Ray's own token, where a cluster asks for one.

use std::collections::BTreeMap;

use base64::Engine;
use secrecy::SecretString;
use serde::Deserialize;

use super::api::Api;
use super::error::Error;
use super::raycluster::RayCluster;

/// What Ray's own tools read as well.
const VARIABLE: &str = "RAY_AUTH_TOKEN";
const SECRET_KEY: &str = "auth_token";

#[derive(Deserialize)]
struct Secret {
    #[serde(default)]
    data: BTreeMap<String, String>,
}

pub fn from_environment() -> Option<SecretString> {
    std::env::var(VARIABLE)
        .ok()
        .filter(|token| !token.is_empty())
        .map(SecretString::from)
}

/// The token `cluster` wants: none, the user's, or the one in its Secret.
pub async fn of(api: &Api, cluster: &RayCluster) -> Result<Option<SecretString>, Error> {
    let Some(options) = &cluster.spec.auth_options else {
        return Ok(None);
    };
    if options.mode.as_deref() != Some("token") {
        return Ok(None);
    }
    if let Some(token) = from_environment() {
        return Ok(Some(token));
    }
    let name = &cluster.metadata.name;
    if options.kubernetes_tokens == Some(true) {
        let why = format!(
            "it takes Kubernetes tokens (enableK8sTokenAuth): set {VARIABLE}, for example to the output of kubectl create token"
        );
        return Err(Error::NoToken {
            name: name.clone(),
            why,
        });
    }
    let secret_name = options
        .secret_name
        .as_deref()
        .filter(|given| !given.is_empty())
        .unwrap_or(name);
    let namespace = api.namespace();
    let action = format!("get secret/{secret_name} in namespace {namespace}");
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{secret_name}");
    let secret: Secret = api.get(&action, &path).await.map_err(|error| match error {
        Error::Api { code: 404, .. } => Error::NoToken {
            name: name.clone(),
            why: format!("secret/{secret_name} does not exist"),
        },
        Error::Forbidden { message, .. } => Error::NoToken {
            name: name.clone(),
            why: format!("{message}; or set {VARIABLE}"),
        },
        other => other,
    })?;
    let token = secret
        .data
        .get(SECRET_KEY)
        .and_then(|encoded| decode(encoded));
    match token {
        Some(token) => Ok(Some(token)),
        None => Err(Error::NoToken {
            name: name.clone(),
            why: format!("secret/{secret_name} has no usable key {SECRET_KEY}"),
        }),
    }
}

fn decode(encoded: &str) -> Option<SecretString> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .ok()?;
    let token = String::from_utf8(bytes).ok()?;
    // A secret made with `echo` ends in a newline, which no header can carry.
    Some(token.trim())
        .filter(|token| !token.is_empty())
        .map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_token_is_decoded_and_freed_of_the_newline_of_echo() {
        assert_eq!(decode("dDBrZW4K").unwrap().expose_secret(), "t0ken");
        assert!(decode("Cg==").is_none() && decode("not base64!").is_none());
    }
}
