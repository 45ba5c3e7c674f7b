//! The certificate authority that all replicas share, as data: make it, read it, sign with it.
//!
//! Kept in a Secret by [`crate::certificate::ca_secret`]; trusted by the API server through
//! [`crate::certificate::ca_bundle`]; when each happens is decided in [`crate::certificate::self_managed`].

use pem::{EncodeConfig, LineEnding, Pem};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::parse_x509_certificate;

use crate::certificate::tls::certified_key;
use crate::certificate::validity::{UnreadableCertificate, Validity};

const AUTHORITY_LIFE: Duration = Duration::days(365);
const LEAF_LIFE: Duration = Duration::days(7);

/// Certificates begin this much in the past, for an API server whose clock is behind.
const CLOCK_SKEW: Duration = Duration::hours(1);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the certificate is not PEM: {0}")]
    CertificatePem(rustls::pki_types::pem::Error),
    #[error(transparent)]
    Certificate(#[from] UnreadableCertificate),
    #[error("the certificate is not that of a certificate authority")]
    NotAnAuthority,
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    #[error("cannot make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    #[error("cannot serve the signed certificate: {0}")]
    Leaf(#[from] rustls::Error),
}

pub struct Authority {
    certificate: AuthorityCertificate,
    key: KeyPair,
}

impl Authority {
    pub fn generate(now: OffsetDateTime) -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "ray-serve-webhook CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = now - CLOCK_SKEW;
        params.not_after = now + AUTHORITY_LIFE;
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate: AuthorityCertificate::from_pem(&certificate.pem())?,
            key,
        })
    }

    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, Error> {
        let certificate = AuthorityCertificate::from_pem(certificate)?;
        let key = KeyPair::from_pem(key)?;
        let belongs = parse_x509_certificate(&certificate.der).is_ok_and(|(_, x509)| {
            *x509.public_key().subject_public_key.data == *key.public_key_raw()
        });
        if belongs {
            Ok(Self { certificate, key })
        } else {
            Err(Error::KeyMismatch)
        }
    }

    pub fn certificate(&self) -> &AuthorityCertificate {
        &self.certificate
    }

    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// A serving certificate for `dns_names`, with a key that never leaves this process.
    pub fn sign(&self, dns_names: &[String], now: OffsetDateTime) -> Result<Leaf, Error> {
        let issuer = Issuer::from_ca_cert_der(&self.certificate.der, &self.key)?;
        let mut params = CertificateParams::new(dns_names)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "ray-serve-webhook");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Tells two authorities of the same name apart while both are in the bundle.
        params.use_authority_key_identifier_extension = true;
        params.not_before = now - CLOCK_SKEW;
        params.not_after = (now + LEAF_LIFE).min(self.certificate.validity.not_after);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        let private_key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let chain = vec![certificate.der().clone()];
        Ok(Leaf {
            validity: Validity::of(certificate.der())?,
            signer: self.certificate.clone(),
            key: certified_key(chain, private_key)?,
        })
    }
}

/// The public half of an authority: what the API server is told to trust.
#[derive(Clone, Debug)]
pub struct AuthorityCertificate {
    der: CertificateDer<'static>,
    pub validity: Validity,
}

impl AuthorityCertificate {
    /// The first certificate in `pem`. What else is there, such as a key, is left behind.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        Self::from_der(
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(Error::CertificatePem)?,
        )
    }

    pub fn from_der(der: CertificateDer<'static>) -> Result<Self, Error> {
        let validity = Validity::of(&der)?;
        let signs = parse_x509_certificate(&der)
            .is_ok_and(|(rest, x509)| rest.is_empty() && may_sign(&x509));
        if signs {
            Ok(Self { der, validity })
        } else {
            Err(Error::NotAnAuthority)
        }
    }

    /// Written anew, so that it holds this certificate alone and ends with its line.
    pub fn pem(&self) -> String {
        let lines = EncodeConfig::new().set_line_ending(LineEnding::LF);
        pem::encode_config(&Pem::new("CERTIFICATE", self.der.as_ref()), lines)
    }

    /// Whether to sign with it: it is not near its end, and was not made by a clock that was ahead,
    /// since the API server trusts nobody before its time.
    pub fn is_in_use(&self, now: OffsetDateTime) -> bool {
        !self.validity.is_due(now) && !self.validity.is_ahead(now)
    }

    /// When [`Authority::generate`] made it, by its maker's clock.
    pub fn made_at(&self) -> OffsetDateTime {
        self.validity.not_before + CLOCK_SKEW
    }
}

/// As the API server sees it, which rejects every leaf of another certificate.
fn may_sign(x509: &X509Certificate<'_>) -> bool {
    let usage = x509.key_usage();
    x509.is_ca() && usage.is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()))
}

impl PartialEq for AuthorityCertificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

pub struct Leaf {
    pub key: CertifiedKey,
    pub signer: AuthorityCertificate,
    pub validity: Validity,
}
