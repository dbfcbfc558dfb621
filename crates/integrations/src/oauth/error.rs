//! Why tokens cannot be had or given back.

use crate::http::HttpError;

/// Why a vendor gave no token, or took none back. No variant quotes what the vendor answered.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The grant is gone: only the tenant can renew it.
    #[error("the vendor no longer honours this connection ({code}): connect it again")]
    ReconnectNeeded {
        /// The vendor's word for it.
        code: String,
    },
    /// The vendor cannot be asked now; the same call may succeed later.
    #[error("could not ask for a token: sync again later")]
    Unavailable {
        /// What went wrong.
        source: HttpError,
    },
    /// The vendor refuses, and not the connection: the same call may succeed later.
    #[error("the vendor refused the call with {status} {code}")]
    NotNow {
        /// The status of the answer.
        status: u16,
        /// The vendor's word for it.
        code: String,
    },
    /// The vendor's answer is no token.
    #[error("the vendor's answer to a token request is not what is documented: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// We cannot give the grant back: only the tenant can take it.
    #[error("the grant was not given back and goes on, {reason}")]
    OnlyByTenant {
        /// Why, and where the tenant takes it back.
        reason: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] TokenStoreError),
}

/// Why tokens could not be loaded or stored.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TokenStoreError {
    message: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TokenStoreError {
    /// Says what happened and what to do; never with a token in it.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: None }
    }

    /// The same, caused by another error.
    pub fn caused_by(
        message: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), cause: Some(cause.into()) }
    }
}

/// Why a state that came back from a vendor is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It was not signed with our key, or was changed on the way.
    #[error("the state was not issued here: start connecting again")]
    Forged,
    /// It was issued too long ago.
    #[error("the state has expired: start connecting again")]
    Expired,
}
