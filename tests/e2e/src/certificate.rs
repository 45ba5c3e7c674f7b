//! The webhook's certificates, as the API server sees them: what it trusts, and what a pod presents.

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Child, ChildStdout, Stdio},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

use crate::{Lab, RELEASE, WEBHOOK_NAMESPACE};

/// The name by which the API server calls the webhook.
pub fn service_name() -> String {
    format!("{RELEASE}.{WEBHOOK_NAMESPACE}.svc")
}

impl Lab {
    /// The certificates in the caBundle, as PEM: the one in force, then those that are still trusted.
    pub fn authorities(&self) -> Vec<String> {
        const END: &str = "-----END CERTIFICATE-----\n";
        let bundle = BASE64_STANDARD.decode(self.ca_bundle()).expect("base64");
        let bundle = String::from_utf8(bundle).expect("PEM");
        bundle.split_inclusive(END).map(str::to_owned).collect()
    }
}

/// The DER of a certificate in PEM.
pub fn der(pem: &str) -> Vec<u8> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
    certificate.to_vec()
}

/// A port of this machine that leads to a pod of the webhook.
pub struct Forward {
    kubectl: Child,
    address: String,
    /// kubectl writes a line for each connection, and ends where nobody could read it.
    _stdout: BufReader<ChildStdout>,
}

impl Forward {
    /// To each pod that there is.
    pub fn to_all(lab: &Lab) -> Vec<Self> {
        lab.webhook_pods()
            .iter()
            .map(|pod| Self::to(lab, pod))
            .collect()
    }

    fn to(lab: &Lab, pod: &str) -> Self {
        let mut command = lab.prepared.command("kubectl");
        command.args(["port-forward", "-n", WEBHOOK_NAMESPACE, pod, ":10250"]);
        let mut kubectl = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("kubectl");
        let mut stdout = BufReader::new(kubectl.stdout.take().expect("its output"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let address = line
            .strip_prefix("Forwarding from ")
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_else(|| panic!("not a forward: {line}"));
        Self {
            address: address.to_owned(),
            kubectl,
            _stdout: stdout,
        }
    }

    /// Whether a new connection is answered by a certificate of this authority, and of no other.
    pub fn presents(&self, authority: &[u8]) -> Result<(), String> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from(authority.to_vec());
        roots.add(authority).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(service_name()).expect("a name");
        let mut tls = ClientConnection::new(Arc::new(config), name).expect("a connection");
        let mut stream = TcpStream::connect(&self.address).map_err(|error| error.to_string())?;
        let timeout = Some(Duration::from_secs(10));
        stream.set_read_timeout(timeout).expect("a time-out");
        tls.complete_io(&mut stream)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}
