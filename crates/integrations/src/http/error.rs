//! Why a call brought no answer.

use std::time::Duration;

/// Why a call brought no answer, after everything that the policy allows was tried.
///
/// Messages name the host, never the path, a header or a body.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection came about.
    #[error(
        "could not connect to {host} in {attempts} attempts: check the network, then sync again"
    )]
    Connect {
        /// Who was called.
        host: String,
        /// How often.
        attempts: u32,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// A connection was lost or went silent.
    #[error("{host} broke off in each of {attempts} attempts: sync again later")]
    BrokenOff {
        /// Who was called.
        host: String,
        /// How often.
        attempts: u32,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// The answer exceeds the limit.
    #[error("{host} answered with more than {limit} bytes: ask for smaller pages")]
    TooLarge {
        /// Who was called.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// The vendor said that it is asked too much, to the end.
    #[error("{host} wants fewer calls{}: sync again later", since(request_id))]
    Throttled {
        /// Who was called.
        host: String,
        /// How long it wants us to wait, where it said so.
        retry_after: Option<Duration>,
        /// The vendor's name of the last call.
        request_id: Option<String>,
    },
    /// The vendor failed, to the end.
    #[error(
        "{host} failed in each of {attempts} attempts: {reason}{}; sync again later",
        since(request_id)
    )]
    Failing {
        /// Who was called.
        host: String,
        /// How often.
        attempts: u32,
        /// How.
        reason: String,
        /// The vendor's name of the last call.
        request_id: Option<String>,
    },
    /// The vendor failed so often that it is left alone for a while.
    #[error("{host} failed too often and is left alone for {} s: sync again then", rest.as_secs())]
    LeftAlone {
        /// Who would have been called.
        host: String,
        /// For how long.
        rest: Duration,
    },
    /// The call cannot be made at all.
    #[error("the call to {host} cannot be made: check the integration's address and keys")]
    Impossible {
        /// Who would have been called.
        host: String,
        /// What is wrong.
        source: reqwest::Error,
    },
}

impl HttpError {
    /// Whether the same call may succeed later.
    pub const fn is_passing(&self) -> bool {
        !matches!(self, Self::TooLarge { .. } | Self::Impossible { .. })
    }

    /// Returns how long to wait before calling again, where that is known.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } => *retry_after,
            Self::LeftAlone { rest, .. } => Some(*rest),
            _ => None,
        }
    }
}

fn since(request_id: &Option<String>) -> String {
    request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
}
