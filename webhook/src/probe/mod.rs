//! `ray-serve-webhook probe`: whether an installed webhook does its work. `helm test` runs it in a pod.
//!
//! The verdict is what a user would see: an annotated `RayCluster` sent to the API server, as a dry
//! run, comes back ready to serve. Where it does not, the probe goes the API server's way itself,
//! to say which part of it is broken.
#![allow(
    clippy::doc_markdown,
    reason = "the arguments' comments are the text of --help"
)]

mod service;

use std::time::Duration;

use anyhow::bail;
use clap::Args as ClapArgs;
use http::{Request, StatusCode, header};
use kube::Client;
use kuberay::labels::{ANNOTATION, ANNOTATION_ON, DRAIN, DRAIN_OFF};
use kuberay::resource;
use ray_serve_inject as engine;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use crate::duration::duration;
use crate::kubernetes;

const RETRY: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, ClapArgs)]
pub struct ProbeArgs {
    /// Namespace to create a RayCluster in, as a dry run; not one that the webhook leaves alone
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub namespace: String,

    /// MutatingWebhookConfiguration of the webhook
    #[arg(long, default_value = "ray-serve-webhook", value_name = "NAME")]
    pub webhook_configuration: String,

    /// How long to try before saying what is wrong
    #[arg(long, default_value = "60s", value_name = "DURATION", value_parser = duration)]
    pub timeout: Duration,
}

/// Why the dry run did not come back ready to serve.
#[derive(Debug, thiserror::Error)]
enum Unready {
    #[error("it came back without the injection")]
    NotInjected,
    #[error("the API server did not answer in time")]
    NoAnswer,
    #[error("{0}")]
    Refused(String),
}

/// Runs the probe and prints its verdict.
pub fn run(args: &ProbeArgs) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(probe(args))?;
    println!(
        "An annotated RayCluster in namespace {} comes back ready to serve (dry run).",
        args.namespace
    );
    Ok(())
}

async fn probe(args: &ProbeArgs) -> anyhow::Result<()> {
    let (client, _) = match kubernetes::in_cluster_client() {
        Err(kubernetes::Error::NotInCluster(cause)) => {
            bail!("not in a Kubernetes pod ({cause}); `helm test RELEASE` starts the probe in one")
        }
        connected => connected?,
    };
    let namespace = &args.namespace;
    let until = Instant::now() + args.timeout;
    let mut seen = Unready::NoAnswer;
    while Instant::now() < until {
        match timeout_at(until, create(&client, namespace)).await {
            Ok(Ok(cluster)) if is_ready(&cluster) => return Ok(()),
            Ok(Ok(_)) => seen = Unready::NotInjected,
            // The webhook was not asked, and asking again would change nothing.
            Ok(Err(kube::Error::Api(status))) if is_final(status.code) => {
                bail!(
                    "cannot create a RayCluster in namespace {namespace} (dry run): {}",
                    if is_unknown_kind(&status) {
                        "the API server knows no RayCluster, install the KubeRay operator first"
                    } else {
                        &status.message
                    }
                );
            }
            Ok(Err(kube::Error::Api(status))) => seen = Unready::Refused(status.message.clone()),
            Ok(Err(error)) => seen = Unready::Refused(error.to_string()),
            // Time is over; what was seen before says more.
            Err(_) => break,
        }
        sleep(RETRY.min(until - Instant::now().min(until))).await;
    }
    let cause = service::diagnose(&client, &args.webhook_configuration).await;
    bail!(
        "a RayCluster in namespace {namespace} is not made ready to serve (dry run): {seen}; {cause}"
    )
}

async fn create(client: &Client, namespace: &str) -> Result<Value, kube::Error> {
    let path = format!("{}?dryRun=All", resource::path(namespace));
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(annotated_cluster().to_string().into_bytes())
        .map_err(kube::Error::HttpError)?;
    client.request(request).await
}

fn is_final(code: u16) -> bool {
    [
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::UNPROCESSABLE_ENTITY,
    ]
    .iter()
    .any(|status| status.as_u16() == code)
}

/// A namespace that is missing is a 404 as well, but one that says what is missing.
fn is_unknown_kind(status: &kube::core::Status) -> bool {
    status.code == StatusCode::NOT_FOUND
        && status
            .details
            .as_ref()
            .is_none_or(|details| details.kind != "namespaces")
}

/// What a user would create, with `rayStartParams` for the CRDs that demand them.
fn annotated_cluster() -> Value {
    json!({
        "apiVersion": resource::API_VERSION,
        "kind": resource::KIND,
        "metadata": {
            "generateName": "ray-serve-webhook-probe-",
            // Ready is the same with the drain and without, and the webhook may be set to either.
            "annotations": { ANNOTATION: ANNOTATION_ON, DRAIN: DRAIN_OFF },
        },
        "spec": {
            "headGroupSpec": {
                "rayStartParams": {},
                "template": {
                    "spec": { "containers": [{ "name": "ray-head", "image": "rayproject/ray" }] },
                },
            },
        },
    })
}

/// The engine itself finds nothing left to do.
fn is_ready(cluster: &Value) -> bool {
    engine::mutate(cluster).reason == engine::Reason::AlreadyReady
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_injected_cluster_is_ready() {
        let mut cluster = annotated_cluster();
        assert!(!is_ready(&cluster));
        engine::inject(&engine::Review::create(&cluster.clone())).apply(&mut cluster);
        assert!(is_ready(&cluster));
    }
}
