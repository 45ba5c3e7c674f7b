//! The token that a Ray cluster with authentication asks for.

use std::collections::BTreeMap;

use base64::Engine;
use kuberay::RayCluster;
use kuberay::labels::CLUSTER;
use kuberay::names;
use kuberay::raycluster::OwnerReference;
use ray_serve_client::http::request::percent;
use secrecy::SecretString;
use serde::Deserialize;

use super::api::Api;
use super::error::Error;
use super::flags::ConnectionFlags;
use super::object_name::checked;

/// The variable that Ray's tools read too.
const VARIABLE: &str = "RAY_AUTH_TOKEN";
const SECRET_KEY: &str = "auth_token";

/// To which clusters the token in the variable may be sent. It may open several clusters, and a
/// RayCluster may have been created just to collect tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnToken {
    /// The user named this one cluster in a command.
    Sent,
    /// A list or a shell's completion led here.
    Kept,
}

impl OwnToken {
    /// For a cluster that a command names.
    pub fn of_command(flags: &ConnectionFlags) -> Self {
        // Completion runs at a single key press, on unfinished words.
        if flags.unattended {
            Self::Kept
        } else {
            Self::Sent
        }
    }

    pub fn from_environment(self) -> Option<SecretString> {
        match self {
            Self::Sent => std::env::var(VARIABLE).ok(),
            Self::Kept => None,
        }
        .filter(|token| !token.is_empty())
        .map(SecretString::from)
    }

    /// What the user can do if the cluster's Secret gives no token.
    fn advice(self) -> String {
        match self {
            Self::Sent => format!("set {VARIABLE}"),
            Self::Kept => {
                format!(
                    "set {VARIABLE} and ask for this cluster by its name: lists send it to none"
                )
            }
        }
    }
}

#[derive(Deserialize)]
struct Secret {
    #[serde(default)]
    metadata: SecretMetadata,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SecretMetadata {
    name: String,
    owner_references: Vec<OwnerReference>,
}

/// The token for `cluster`: none, the user's, or the one in its Secret.
pub async fn of(
    api: &Api,
    cluster: &RayCluster,
    own: OwnToken,
) -> Result<Option<SecretString>, Error> {
    let Some(options) = &cluster.spec.auth_options else {
        return Ok(None);
    };
    if options.mode.as_deref() != Some("token") {
        return Ok(None);
    }
    if let Some(token) = own.from_environment() {
        return Ok(Some(token));
    }
    let (name, next) = (&cluster.metadata.name, api.next());
    let no_token = |why: String, next: String| Error::NoToken {
        name: name.clone(),
        why,
        next,
    };
    if options.kubernetes_tokens == Some(true) {
        let create = next.kubectl("create token", &["SERVICEACCOUNT"], "--duration 10m");
        return Err(no_token(
            "it takes Kubernetes tokens (enableK8sTokenAuth)".to_owned(),
            format!("{}; {create} makes one", own.advice()),
        ));
    }
    let given = options
        .secret_name
        .as_deref()
        .filter(|name| !name.is_empty());
    let secret = match given {
        Some(given) => {
            let of = format!("a Secret (authOptions.secretName of raycluster/{name})");
            named(api, checked(&of, given)?).await
        }
        None => of_operator(api, name).await,
    };
    let namespace = api.namespace();
    let secret = secret.map_err(|error| match error {
        Error::Forbidden { message, .. } => no_token(message, own.advice()),
        other => other,
    })?;
    let Some(secret) = secret else {
        let missing = given.map_or_else(|| names::token_secret(name), str::to_owned);
        return Err(no_token(
            format!("secret/{missing} does not exist in namespace {namespace}"),
            format!(
                "see {}, or {}",
                next.kubectl("get", &["secrets"], ""),
                own.advice()
            ),
        ));
    };
    if let Some(token) = secret.token() {
        return Ok(Some(token));
    }
    let secret = format!("secret/{}", secret.metadata.name);
    let describe = next.kubectl("describe", &[&secret], "");
    Err(no_token(
        format!("{secret} has no usable key {SECRET_KEY}"),
        format!("see {describe}, or {}", own.advice()),
    ))
}

/// None if no Secret has that name.
async fn named(api: &Api, name: &str) -> Result<Option<Secret>, Error> {
    let namespace = api.namespace();
    let action = format!("get secret/{name} in namespace {namespace}");
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    match api.get::<Secret>(&action, &path).await {
        Ok(mut secret) => {
            name.clone_into(&mut secret.metadata.name);
            Ok(Some(secret))
        }
        Err(Error::Api { code: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The Secret that the operator created, by its name or else by its label, because the operator may
/// change how it names Secrets.
async fn of_operator(api: &Api, cluster: &str) -> Result<Option<Secret>, Error> {
    let name = names::token_secret(cluster);
    if let Some(secret) = named(api, checked("a Secret", &name)?).await? {
        return Ok(Some(secret));
    }
    let namespace = api.namespace();
    let selector = percent(&format!("{CLUSTER}={cluster}"));
    let path = format!("/api/v1/namespaces/{namespace}/secrets?labelSelector={selector}");
    let action = format!("list secrets in namespace {namespace}");
    // A user who may read one Secret may not be allowed to list all.
    let labelled: Vec<Secret> = api.list(&action, &path).await.unwrap_or_default();
    let is_owned = |secret: &Secret| {
        let mut owners = secret.metadata.owner_references.iter();
        owners.any(|owner| owner.is_to_cluster(cluster))
    };
    let usable = labelled
        .into_iter()
        .filter(|secret| secret.token().is_some());
    Ok(usable.max_by_key(is_owned))
}

impl Secret {
    fn token(&self) -> Option<SecretString> {
        decode(self.data.get(SECRET_KEY)?)
    }
}

fn decode(encoded: &str) -> Option<SecretString> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .ok()?;
    let token = String::from_utf8(bytes).ok()?;
    // A Secret made with `echo` ends in a newline, which a header cannot carry.
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
