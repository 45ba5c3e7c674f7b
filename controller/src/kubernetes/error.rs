//! What the API server refused, in one sentence.

/// Why a call of the API server came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else was faster, or the object is another one by now: the watches tell more.
    #[error("cannot {verb} {object}: it was changed by somebody else")]
    Conflict { verb: &'static str, object: String },
    #[error("cannot {verb} {object}: {reason}")]
    Refused {
        verb: &'static str,
        object: String,
        reason: String,
    },
    #[error("cannot {verb} {object}: the API server does not answer")]
    NoAnswer { verb: &'static str, object: String },
}

impl Error {
    /// `kube`'s own text has the whole Status twice.
    pub(super) fn of_call(verb: &'static str, object: String, error: &kube::Error) -> Self {
        match error {
            // 422: a test of a JSON patch failed.
            kube::Error::Api(status) if matches!(status.code, 404 | 409 | 422) => {
                Self::Conflict { verb, object }
            }
            kube::Error::Api(status) => Self::Refused {
                verb,
                object,
                reason: status.message.clone(),
            },
            // Its words quote what was read.
            kube::Error::SerdeError(_) => Self::Refused {
                verb,
                object,
                reason: "the answer is not what it should be".to_owned(),
            },
            other => Self::Refused {
                verb,
                object,
                reason: other.to_string(),
            },
        }
    }
}
