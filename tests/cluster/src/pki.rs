//! Certificates, keys and users of the API server, made once per state directory.

use std::fs;

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    hex::hex,
    layout::{Layout, write},
    network::{API_PORT, API_SERVICE_IP, NODE_IP},
};

/// Vouches for the API server, and for users who log in with a certificate.
pub const CA: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
pub const API_CERTIFICATE: &str = "api.crt";
pub const API_KEY: &str = "api.key";
/// Signs service account tokens.
pub const SERVICE_ACCOUNT_KEY: &str = "sa.key";
/// Verifies them.
pub const SERVICE_ACCOUNT_PUBLIC_KEY: &str = "sa.pub";
pub const TOKENS: &str = "tokens.csv";

const ADMIN: &str = "admin";
/// A user without any right: RBAC tests grant it just what they are about.
const DEV: &str = "dev";

pub fn make(layout: &Layout) -> Result<()> {
    if !layout.pki(TOKENS).exists() || !layout.pki(CA_KEY).exists() {
        make_certificates(layout)?;
        let key = KeyPair::generate()?;
        write(&layout.pki(SERVICE_ACCOUNT_KEY), key.serialize_pem())?;
        write(
            &layout.pki(SERVICE_ACCOUNT_PUBLIC_KEY),
            key.public_key_pem(),
        )?;
        // Last: its presence says that the others are whole.
        write(
            &layout.pki(TOKENS),
            format!(
                "{},{ADMIN},1,system:masters\n{},{DEV},2\n",
                token()?,
                token()?
            ),
        )?;
    }
    write_kubeconfig(layout, ADMIN, &layout.kubeconfig())?;
    write_kubeconfig(layout, DEV, &layout.kubeconfig_dev())
}

/// A real CA: clients on rustls refuse the leaf that the API server would sign itself as a root.
fn make_certificates(layout: &Layout) -> Result<()> {
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca().self_signed(&ca_key)?;

    let key = KeyPair::generate()?;
    let mut api = CertificateParams::new(
        [
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "127.0.0.1",
            NODE_IP,
            API_SERVICE_IP,
        ]
        .map(String::from),
    )?;
    api.distinguished_name
        .push(DnType::CommonName, "kube-apiserver");
    let api_certificate = api.signed_by(&key, &Issuer::new(ca(), &ca_key))?;

    write(&layout.pki(CA), ca_certificate.pem())?;
    write(&layout.pki(CA_KEY), ca_key.serialize_pem())?;
    write(&layout.pki(API_CERTIFICATE), api_certificate.pem())?;
    write(&layout.pki(API_KEY), key.serialize_pem())
}

fn ca() -> CertificateParams {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    ca.distinguished_name.push(DnType::CommonName, "cluster-ca");
    ca
}

/// A certificate that `user` logs in with until `not_after`, and its key; both PEM.
pub fn client_certificate(
    layout: &Layout,
    user: &str,
    not_after: OffsetDateTime,
) -> Result<(String, String)> {
    let ca_key = KeyPair::from_pem(&fs::read_to_string(layout.pki(CA_KEY))?)?;
    let key = KeyPair::generate()?;
    let mut client = CertificateParams::default();
    client.distinguished_name.push(DnType::CommonName, user);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    client.not_after = not_after;
    let certificate = client.signed_by(&key, &Issuer::new(ca(), ca_key))?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn token() -> Result<String> {
    let mut bytes = [0; 16];
    let mut random = fs::File::open("/dev/urandom")?;
    std::io::Read::read_exact(&mut random, &mut bytes)?;
    Ok(hex(&bytes))
}

/// JSON is YAML: kubectl and every client read it.
fn write_kubeconfig(layout: &Layout, user: &str, path: &std::path::Path) -> Result<()> {
    let tokens = fs::read_to_string(layout.pki(TOKENS))?;
    let token = tokens
        .lines()
        .find_map(|line| {
            let (token, rest) = line.split_once(',')?;
            (rest.split(',').next() == Some(user)).then_some(token)
        })
        .with_context(|| format!("{} has no user {user}", layout.pki(TOKENS).display()))?;
    let ca = BASE64_STANDARD.encode(fs::read(layout.pki(CA))?);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": {
            "server": format!("https://127.0.0.1:{API_PORT}"),
            "certificate-authority-data": ca,
        }}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": user}}],
        "current-context": "cluster",
    });
    write(path, serde_json::to_string_pretty(&config)?)
}
