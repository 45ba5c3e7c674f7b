//! The API server through `kubectl proxy`, which knows how to log in: some 20,000 objects are too many
//! for a process each.

use std::{future::Future, os::unix::process::CommandExt, time::Duration};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::{runtime::Runtime, time::timeout};

use super::super::command::Running;
use crate::target::Prepared;

/// The API server itself gives up after 60 s.
const PATIENCE: Duration = Duration::from_secs(90);

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
/// Of a list only what all objects have in common.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

pub(super) struct Api {
    runtime: Runtime,
    client: Client<HttpConnector, Full<Bytes>>,
    address: String,
    _proxy: Running,
}

impl Api {
    pub(super) fn start(prepared: &Prepared) -> Result<Self> {
        let mut proxy = prepared.command("kubectl");
        // Its own process group: after Ctrl-C it is needed to delete what is there.
        proxy.args(["proxy", "--port=0"]).process_group(0);
        let (proxy, address) = Running::start(&mut proxy, |line| {
            Some(
                line.strip_prefix("Starting to serve on ")?
                    .trim()
                    .to_owned(),
            )
        })?;
        Ok(Self {
            runtime: Runtime::new().context("cannot send requests")?,
            client: Client::builder(TokioExecutor::new()).build_http(),
            address,
            _proxy: proxy,
        })
    }

    /// Where requests are sent, and the proxies of the pods answer.
    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(super) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    pub(super) fn caller(&self) -> Caller {
        Caller {
            client: self.client.clone(),
            address: self.address.clone(),
        }
    }
}

/// What a task needs for its requests.
#[derive(Clone)]
pub(super) struct Caller {
    client: Client<HttpConnector, Full<Bytes>>,
    address: String,
}

impl Caller {
    /// Returns the object as it was made.
    pub(super) async fn create(&self, path: &str, object: &Value) -> Result<Value> {
        let (status, answer) = self.send(Method::POST, path, JSON, object).await?;
        expect(status.is_success(), "create", path, &answer)?;
        Ok(answer)
    }

    pub(super) async fn patch(&self, path: &str, fields: &Value) -> Result<()> {
        let (status, answer) = self.send(Method::PATCH, path, MERGE_PATCH, fields).await?;
        expect(status.is_success(), "patch", path, &answer)
    }

    /// Deletes an object, or all of a list; what is not there is no error, nor is a list that is too long
    /// to be deleted at once.
    pub(super) async fn delete(&self, path: &str) -> Result<()> {
        let at_once =
            serde_json::json!({"gracePeriodSeconds": 0, "propagationPolicy": "Background"});
        let (status, answer) = self.send(Method::DELETE, path, JSON, &at_once).await?;
        let is_fine = matches!(status, StatusCode::NOT_FOUND | StatusCode::GATEWAY_TIMEOUT);
        expect(status.is_success() || is_fine, "delete", path, &answer)
    }

    /// The metadata of all objects of a list.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let (status, mut answer) = self.send(Method::GET, path, JSON, &Value::Null).await?;
        expect(status.is_success(), "list", path, &answer)?;
        match answer["items"].take() {
            Value::Array(items) => Ok(items),
            // So is an empty one written.
            Value::Null => Ok(Vec::new()),
            other => bail!("{path} is no list: {other}"),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content: &str,
        body: &Value,
    ) -> Result<(StatusCode, Value)> {
        let body = match body {
            Value::Null => Bytes::new(),
            some => serde_json::to_vec(some)?.into(),
        };
        let request = Request::builder()
            .method(&method)
            .uri(format!("http://{}{path}", self.address))
            .header(header::CONTENT_TYPE, content)
            .header(
                header::ACCEPT,
                if method == Method::GET {
                    METADATA
                } else {
                    JSON
                },
            )
            .body(Full::new(body))?;
        let exchange = async {
            let response = self.client.request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            // Errors of the proxy itself are plain text.
            let said = || Value::String(String::from_utf8_lossy(&body).into_owned());
            let answer = serde_json::from_slice(&body).unwrap_or_else(|_| said());
            Ok::<_, anyhow::Error>((status, answer))
        };
        timeout(PATIENCE, exchange)
            .await
            .with_context(|| format!("{method} {path}: no answer"))?
            .with_context(|| format!("{method} {path}"))
    }
}

fn expect(is_well: bool, verb: &str, path: &str, answer: &Value) -> Result<()> {
    if is_well {
        return Ok(());
    }
    let said = answer["message"].as_str().or(answer.as_str());
    bail!("cannot {verb} {path}: {}", said.unwrap_or_default())
}
