//! TLS as the webhook speaks it: the serving certificate, exchanged while connections go on.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use crate::certificate::validity::Validity;
use crate::metrics::Metrics;

pub const ALPN_HTTP2: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";

/// Makes ring the one crypto provider; to be called before anything uses TLS.
pub fn install_crypto_provider() {
    // An error means that a provider is installed already, in a test that calls this twice.
    let _ = ring::default_provider().install_default();
}

/// A key with its chain; an error if the two do not belong together.
pub fn certified_key(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, rustls::Error> {
    CertifiedKey::from_der(chain, key, &ring::default_provider())
}

/// What every new connection is answered with. Empty until the first certificate is there.
#[derive(Debug)]
pub struct ServingCertificate {
    current: ArcSwapOption<CertifiedKey>,
    metrics: Arc<Metrics>,
}

impl ServingCertificate {
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            current: ArcSwapOption::empty(),
            metrics,
        }
    }

    pub fn install(&self, key: CertifiedKey, validity: Validity) {
        self.current.store(Some(Arc::new(key)));
        self.metrics
            .certificate_expiry
            .set(validity.not_after.unix_timestamp());
    }

    pub fn is_installed(&self) -> bool {
        self.current.load().is_some()
    }
}

impl ResolvesServerCert for ServingCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.load_full()
    }
}

pub fn server_config(certificate: Arc<ServingCertificate>) -> Result<ServerConfig, rustls::Error> {
    let provider = CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(ring::default_provider()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
    Ok(config)
}
