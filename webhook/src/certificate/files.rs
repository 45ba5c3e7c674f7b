//! A certificate and key in two files, as cert-manager or a user's Secret mounts them.
//!
//! The files are read again every few seconds instead of being watched: kubelet exchanges a
//! mounted Secret by renaming the `..data` symlink, after which a watch of the file itself never
//! fires again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::certificate::tls::{ServingCertificate, certified_key};
use crate::certificate::validity::{UnreadableCertificate, Validity};
use crate::metrics::{Metrics, ReloadResult};

const POLL_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("{} holds no PEM certificate: {cause}", path.display())]
    Certificate {
        path: PathBuf,
        cause: rustls::pki_types::pem::Error,
    },
    #[error("{} holds no PEM private key: {cause}", path.display())]
    Key {
        path: PathBuf,
        cause: rustls::pki_types::pem::Error,
    },
    #[error("{} is {cause}", path.display())]
    Unreadable {
        path: PathBuf,
        cause: UnreadableCertificate,
    },
    #[error("the key in {} does not fit the certificate in {}: {cause}", key.display(), certificate.display())]
    Pair {
        certificate: PathBuf,
        key: PathBuf,
        cause: rustls::Error,
    },
}

pub struct TlsFiles {
    certificate_path: PathBuf,
    key_path: PathBuf,
    /// The bytes of both files at the last look, whether or not they could be used.
    seen: Option<(Vec<u8>, Vec<u8>)>,
    serving: Arc<ServingCertificate>,
    metrics: Arc<Metrics>,
}

impl TlsFiles {
    pub fn new(
        certificate_path: PathBuf,
        key_path: PathBuf,
        serving: Arc<ServingCertificate>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            certificate_path,
            key_path,
            seen: None,
            serving,
            metrics,
        }
    }

    /// Looks at the files once. A pair that cannot be used leaves the last good one serving.
    pub fn load(&mut self) -> Result<(), Error> {
        let result = self.load_if_changed();
        match &result {
            Ok(false) => {}
            Ok(true) => self.metrics.count_reload(ReloadResult::Success),
            Err(_) => self.metrics.count_reload(ReloadResult::Error),
        }
        result.map(|_| ())
    }

    fn load_if_changed(&mut self) -> Result<bool, Error> {
        let seen = (read(&self.certificate_path)?, read(&self.key_path)?);
        if self.seen.as_ref() == Some(&seen) {
            return Ok(false);
        }
        let (certificate, key) = self.seen.insert(seen);
        let chain = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<Vec<_>, _>>()
            .and_then(|chain| {
                if chain.is_empty() {
                    Err(rustls::pki_types::pem::Error::NoItemsFound)
                } else {
                    Ok(chain)
                }
            })
            .map_err(|cause| Error::Certificate {
                path: self.certificate_path.clone(),
                cause,
            })?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|cause| Error::Key {
            path: self.key_path.clone(),
            cause,
        })?;
        let validity = Validity::of(&chain[0]).map_err(|cause| Error::Unreadable {
            path: self.certificate_path.clone(),
            cause,
        })?;
        let pair = certified_key(chain, key).map_err(|cause| Error::Pair {
            certificate: self.certificate_path.clone(),
            key: self.key_path.clone(),
            cause,
        })?;
        self.serving.install(pair, validity);
        tracing::info!(
            file = %self.certificate_path.display(),
            not_after = %validity.not_after,
            "serving certificate loaded"
        );
        Ok(true)
    }

    /// Follows the files for as long as the process lives.
    pub async fn follow(mut self) {
        let mut failing = false;
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            match self.load() {
                Ok(()) => failing = false,
                // Said once: a broken pair stays broken for many looks.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "serving certificate not reloaded, the last good one stays");
                }
                Err(_) => {}
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })
}
