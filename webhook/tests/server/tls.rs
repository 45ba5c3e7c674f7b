//! Certificates in files, exchanged under a server that goes on serving.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ray_serve_webhook::certificate::files::TlsFiles;
use ray_serve_webhook::certificate::tls::{self, ServingCertificate};
use ray_serve_webhook::metrics::Metrics;
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::support::{SelfSigned, client_config};

/// A Secret as kubelet mounts it: the files are links into `..data`, which is a link to a
/// directory with a new name for every version.
struct Mounted {
    directory: TempDir,
    versions: u32,
}

impl Mounted {
    fn new(pair: &SelfSigned) -> Self {
        let mut mounted = Self {
            directory: TempDir::new().expect("a directory"),
            versions: 0,
        };
        for file in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(file), mounted.path(file)).expect("a link");
        }
        mounted.swap(&pair.certificate.pem(), &pair.key.serialize_pem());
        mounted
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    fn swap(&mut self, certificate: &str, key: &str) {
        self.versions += 1;
        let version = format!("..version-{}", self.versions);
        fs::create_dir(self.path(&version)).expect("a directory");
        fs::write(self.path(&version).join("tls.crt"), certificate).expect("a file");
        fs::write(self.path(&version).join("tls.key"), key).expect("a file");
        symlink(version, self.path("..data_tmp")).expect("a link");
        fs::rename(self.path("..data_tmp"), self.path("..data")).expect("renamed");
    }
}

struct Fixture {
    files: TlsFiles,
    serving: Arc<ServingCertificate>,
    metrics: Arc<Metrics>,
}

fn fixture(mounted: &Mounted) -> Fixture {
    tls::install_crypto_provider();
    let metrics = Arc::new(Metrics::new());
    let serving = Arc::new(ServingCertificate::new(metrics.clone()));
    let files = TlsFiles::new(
        mounted.path("tls.crt"),
        mounted.path("tls.key"),
        serving.clone(),
        metrics.clone(),
    );
    Fixture {
        files,
        serving,
        metrics,
    }
}

/// Whether a client that trusts only `pair` gets through the handshake.
async fn serves(serving: &Arc<ServingCertificate>, pair: &SelfSigned) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let acceptor = TlsAcceptor::from(Arc::new(
        tls::server_config(serving.clone()).expect("a configuration"),
    ));
    let accepting = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let _ = acceptor.accept(stream).await;
    });
    let connector = TlsConnector::from(Arc::new(client_config([pair.certificate.der().clone()])));
    let stream = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let connected = connector.connect(name, stream).await.is_ok();
    accepting.await.expect("no panic");
    connected
}

#[tokio::test]
async fn a_swapped_secret_is_served_to_the_next_connection() {
    let (old, new) = (SelfSigned::new(), SelfSigned::new());
    let mut mounted = Mounted::new(&old);
    let mut fixture = fixture(&mounted);
    fixture.files.load().expect("loaded");
    assert!(serves(&fixture.serving, &old).await);

    mounted.swap(&new.certificate.pem(), &new.key.serialize_pem());
    fixture.files.load().expect("loaded");
    assert!(serves(&fixture.serving, &new).await);
    assert!(!serves(&fixture.serving, &old).await);
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_leaves_the_last_good_one() {
    let (old, new) = (SelfSigned::new(), SelfSigned::new());
    let mut mounted = Mounted::new(&old);
    let mut fixture = fixture(&mounted);
    fixture.files.load().expect("loaded");

    let (certificate, key) = (new.certificate.pem(), new.key.serialize_pem());
    let torn = (certificate.as_str(), old.key.serialize_pem());
    for (certificate, key) in [
        (torn.0, torn.1.as_str()),
        ("", key.as_str()),
        (certificate.as_str(), ""),
        ("nonsense", "nonsense"),
    ] {
        mounted.swap(certificate, key);
        let error = fixture.files.load().expect_err("not usable").to_string();
        assert!(error.contains("tls."), "does not name the file: {error}");
        assert!(serves(&fixture.serving, &old).await);
    }
    fs::remove_file(mounted.path("..data")).expect("removed");
    fixture.files.load().expect_err("nothing to read");
    assert!(serves(&fixture.serving, &old).await);

    mounted.swap(&certificate, &key);
    fixture.files.load().expect("loaded");
    assert!(serves(&fixture.serving, &new).await);
    let metrics = fixture.metrics.encode().expect("metrics");
    assert!(
        metrics.contains(r#"tls_reload_total{result="success"} 2"#),
        "{metrics}"
    );
    assert!(
        metrics.contains(r#"tls_reload_total{result="error"} 5"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn the_metrics_say_when_the_certificate_ends() {
    let pair = SelfSigned::new();
    let mounted = Mounted::new(&pair);
    let mut fixture = fixture(&mounted);
    fixture.files.load().expect("loaded");
    let not_after = ray_serve_webhook::certificate::validity::Validity::of(pair.certificate.der())
        .expect("readable")
        .not_after
        .unix_timestamp();
    let line = format!("tls_certificate_expiry_timestamp_seconds {not_after}");
    assert!(fixture.metrics.encode().expect("metrics").contains(&line));
}
