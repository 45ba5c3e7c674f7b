//! How long a certificate lives, and when to replace it.

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

/// A certificate is replaced when less than this part of its life is left.
const RENEWED_WITH_LEFT: i32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}

#[derive(Debug, thiserror::Error)]
#[error("not a readable X.509 certificate: {0}")]
pub struct UnreadableCertificate(String);

impl Validity {
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, UnreadableCertificate> {
        let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
            .map_err(|error| UnreadableCertificate(error.to_string()))?;
        let validity = parsed.validity();
        Ok(Self {
            not_before: validity.not_before.to_datetime(),
            not_after: validity.not_after.to_datetime(),
        })
    }

    /// Compared with the wall clock at every look: a timer would sleep through a suspended machine.
    pub fn is_due(&self, now: OffsetDateTime) -> bool {
        now >= self.not_after - (self.not_after - self.not_before) / RENEWED_WITH_LEFT
    }

    /// Made while the clock was ahead of where it is now.
    pub fn is_ahead(&self, now: OffsetDateTime) -> bool {
        now < self.not_before
    }

    /// Neither ahead nor over.
    pub fn holds(&self, now: OffsetDateTime) -> bool {
        !self.is_ahead(now) && !self.is_over(now)
    }

    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        now >= self.not_after
    }
}
