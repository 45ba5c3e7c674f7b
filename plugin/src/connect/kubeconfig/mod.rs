//! Turns kubeconfig and flags into the configuration of one API server, by kubectl's rules.
//!
//! kube's own loader is not used for four reasons: it takes no flags such as `--server` or
//! `--token`, it fails when one file of a `KUBECONFIG` list is missing, it compares `NO_PROXY` with
//! the proxy's address instead of the server's, and it parses entries that are not in use (see
//! [`file`]).

mod entry;
mod file;

use std::path::{Path, PathBuf};

use base64::Engine;
use http::Uri;
use kube::Config;
use kube::config::{AuthInfo, Cluster, ExecAuthCluster, ExecInteractiveMode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;

pub use self::file::{Kind, Kubeconfig};
use super::Error;
use super::error::HTTP_URL;
use super::flags::ConnectionFlags;
use super::proxy;

/// Everything needed to talk to the API server the user means.
pub fn load(flags: &ConnectionFlags) -> Result<Config, Error> {
    let Some(kubeconfig) = merged(flags)? else {
        return without_kubeconfig(flags);
    };
    let known = || kubeconfig.names(Kind::Context);
    let context_name = flags
        .context
        .as_deref()
        .filter(|name| !name.is_empty())
        .or(kubeconfig.current_context());
    let context =
        match context_name {
            Some(name) => Some(kubeconfig.entry(Kind::Context, name)?.ok_or_else(|| {
                Error::UnknownContext {
                    name: name.to_owned(),
                    known: known(),
                }
            })?),
            None if flags.server.is_some() || flags.cluster.is_some() => None,
            None => return Err(Error::NoContext { known: known() }),
        };
    let of_context = |name: &str| match &context {
        Some(context) => context.text(name),
        None => Ok(None),
    };

    let cluster = match flags.cluster.clone().or(of_context("cluster")?) {
        Some(name) => match kubeconfig.entry(Kind::Cluster, &name)? {
            Some(entry) => entry.cluster()?,
            None if flags.server.is_some() && flags.cluster.is_none() => Cluster::default(),
            None => {
                return Err(Error::UnknownEntry {
                    kind: Kind::Cluster.name(),
                    name,
                });
            }
        },
        None if flags.server.is_some() => Cluster::default(),
        None => {
            return Err(Error::NoCluster {
                context: context_name.unwrap_or_default().to_owned(),
            });
        }
    };
    let user = match flags.user.clone().or(of_context("user")?) {
        Some(name) => match kubeconfig.entry(Kind::User, &name)? {
            Some(entry) => entry.user()?,
            None if flags.user.is_some() => {
                return Err(Error::UnknownEntry {
                    kind: Kind::User.name(),
                    name,
                });
            }
            // As kubectl, which lets the API server refuse a request without a login.
            None => AuthInfo::default(),
        },
        None => AuthInfo::default(),
    };
    build(flags, cluster, user, of_context("namespace")?)
}

/// The merged kubeconfig files; none if they are empty.
pub fn merged(flags: &ConnectionFlags) -> Result<Option<Kubeconfig>, Error> {
    let read = Kubeconfig::read(&files(flags), flags.kubeconfig.is_some())?;
    Ok(Some(read).filter(|read| !read.is_empty()))
}

/// `--kubeconfig`, else the `KUBECONFIG` list, else `~/.kube/config`.
fn files(flags: &ConnectionFlags) -> Vec<PathBuf> {
    if let Some(file) = &flags.kubeconfig {
        return vec![file.clone()];
    }
    let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|list| {
            std::env::split_paths(&list)
                .filter(|path| !path.as_os_str().is_empty())
                .collect()
        })
        .unwrap_or_default();
    if listed.is_empty() {
        return std::env::home_dir()
            .map(|home| home.join(".kube/config"))
            .into_iter()
            .collect();
    }
    listed
}

fn without_kubeconfig(flags: &ConnectionFlags) -> Result<Config, Error> {
    if flags.server.is_some() {
        return build(flags, Cluster::default(), AuthInfo::default(), None);
    }
    if flags.context.is_none() && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        let mut config =
            Config::incluster().map_err(|source| Error::InCluster(Box::new(source)))?;
        override_namespace(&mut config, flags);
        config.default_retry = false;
        return Ok(config);
    }
    Err(Error::NoKubeconfig {
        looked_at: files(flags),
    })
}

fn build(
    flags: &ConnectionFlags,
    mut cluster: Cluster,
    mut user: AuthInfo,
    namespace: Option<String>,
) -> Result<Config, Error> {
    if let Some(server) = &flags.server {
        cluster.server = Some(server.clone());
    }
    if let Some(file) = &flags.certificate_authority {
        cluster.certificate_authority_data = None;
        cluster.certificate_authority = Some(file.display().to_string());
    }
    override_user(&mut user, flags);
    let in_the_name_of = user.impersonate_uid.is_some()
        || user.impersonate_groups.is_some()
        || user.impersonate_user_extra.is_some();
    if in_the_name_of && user.impersonate.is_none() {
        return Err(Error::NobodyToImpersonate);
    }

    let server = cluster.server.as_deref().unwrap_or_default();
    let url = parse_server(server)?;
    let mut config = Config::new(url);
    config.root_cert = root_certificates(&cluster)?;
    config.accept_invalid_certs = flags
        .insecure_skip_tls_verify
        .or(cluster.insecure_skip_tls_verify)
        .unwrap_or(false);
    config.tls_server_name = flags
        .tls_server_name
        .clone()
        .or_else(|| cluster.tls_server_name.clone());
    config.proxy_url = match cluster.proxy_url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => Some(proxy::parse("proxy-url", url)?),
        None => proxy::between_here_and(&config.cluster_url)?,
    };
    if let Some(exec) = user.exec.as_mut().filter(|exec| exec.provide_cluster_info) {
        exec.cluster = ExecAuthCluster::try_from(&cluster).ok();
    }
    if let Some(exec) = user.exec.as_mut().filter(|_| flags.unattended) {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
    // As kubectl, which sends no login in the clear, except on this machine.
    if config.cluster_url.scheme_str() == Some("http") && !proxy::is_here(&config.cluster_url) {
        user = AuthInfo {
            impersonate: user.impersonate,
            impersonate_uid: user.impersonate_uid,
            impersonate_groups: user.impersonate_groups,
            impersonate_user_extra: user.impersonate_user_extra,
            ..AuthInfo::default()
        };
    }
    config.auth_info = user;
    // Its 15 tries of any method, up to 1000 s apart, would outlive every --request-timeout.
    config.default_retry = false;
    if let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) {
        config.default_namespace = namespace;
    }
    override_namespace(&mut config, flags);
    Ok(config)
}

fn override_namespace(config: &mut Config, flags: &ConnectionFlags) {
    if let Some(namespace) = &flags.namespace {
        config.default_namespace.clone_from(namespace);
    }
}

fn override_user(user: &mut AuthInfo, flags: &ConnectionFlags) {
    if let Some(token) = &flags.token {
        // As kubectl: a token given on the command line replaces every other way to log in.
        let certificate = (
            user.client_certificate.take(),
            user.client_certificate_data.take(),
        );
        let key = (user.client_key.take(), user.client_key_data.take());
        *user = AuthInfo {
            token: Some(SecretString::from(token.clone())),
            client_certificate: certificate.0,
            client_certificate_data: certificate.1,
            client_key: key.0,
            client_key_data: key.1,
            ..AuthInfo::default()
        };
    }
    if let Some(file) = &flags.client_certificate {
        user.client_certificate_data = None;
        user.client_certificate = Some(file.display().to_string());
    }
    if let Some(file) = &flags.client_key {
        user.client_key_data = None;
        user.client_key = Some(file.display().to_string());
    }
    if let Some(name) = &flags.as_user {
        user.impersonate = Some(name.clone());
    }
    if let Some(uid) = &flags.as_uid {
        user.impersonate_uid = Some(uid.clone());
    }
    if !flags.as_group.is_empty() {
        user.impersonate_groups = Some(flags.as_group.clone());
    }
}

/// An API server's address; kubectl takes a bare `host:port` as well.
fn parse_server(server: &str) -> Result<Uri, Error> {
    let bad = || Error::BadUrl {
        what: "API server",
        url: server.to_owned(),
        expected: HTTP_URL,
    };
    let with_scheme = if server.contains("://") {
        server.to_owned()
    } else {
        format!("http://{server}")
    };
    let url: Uri = with_scheme.parse().map_err(|_| bad())?;
    let known_scheme = matches!(url.scheme_str(), Some("http" | "https"));
    if server.is_empty() || !known_scheme || url.host().is_none_or(str::is_empty) {
        return Err(bad());
    }
    Ok(url)
}

pub(super) fn root_certificates(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, Error> {
    let pem = match (
        &cluster.certificate_authority_data,
        &cluster.certificate_authority,
    ) {
        (Some(data), _) if !data.is_empty() => base64::engine::general_purpose::STANDARD
            .decode(data.trim())
            .map_err(|_| Error::BadCa {
                from: "certificate-authority-data".into(),
            })?,
        (_, Some(file)) if !file.is_empty() => {
            std::fs::read(Path::new(file)).map_err(|source| Error::ReadFile {
                file: file.into(),
                source,
            })?
        }
        _ => return Ok(None),
    };
    let from = || {
        cluster
            .certificate_authority
            .clone()
            .unwrap_or_else(|| "certificate-authority-data".into())
    };
    let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(&pem)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::BadCa { from: from() })?;
    if certificates.is_empty() {
        return Err(Error::BadCa { from: from() });
    }
    Ok(Some(certificates))
}
