//! Why a connector cannot go on, and what is to be done about it.

use std::error::Error;
use std::time::Duration;

use shelfops_ingest::Stream;
use shelfops_ingest::source::SourceError;

use crate::http::HttpError;
use crate::oauth::TokenError;

/// What is to be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Run the same again, after this time where it is known.
    Retry {
        /// How long to wait at least.
        after: Option<Duration>,
    },
    /// Ask the tenant to connect again; until then nothing can be read.
    Reconnect,
    /// Keep what was read aside, with the reason, and go on.
    Quarantine,
    /// Stop and tell somebody: running the same again would fail the same way.
    Stop,
}

/// Why a connector cannot go on. Messages never hold a token or a shopper's data.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// The vendor cannot be reached or does not answer properly.
    #[error("could not fetch {what}")]
    Fetch {
        /// What was to be read.
        what: String,
        /// What went wrong.
        source: HttpError,
    },
    /// There is no usable token.
    #[error("could not get a token")]
    Token {
        /// What went wrong.
        #[from]
        source: TokenError,
    },
    /// The vendor no longer honours the connection.
    #[error("{vendor} no longer honours this connection ({code}): connect it again")]
    Disconnected {
        /// Who.
        vendor: &'static str,
        /// The vendor's word for it.
        code: String,
    },
    /// The tenant has not granted what a stream needs.
    #[error("{vendor} does not let us read {what}: connect again and grant {}", .scopes.join(", "))]
    Forbidden {
        /// Who.
        vendor: &'static str,
        /// What was to be read.
        what: String,
        /// What must be granted.
        scopes: &'static [&'static str],
    },
    /// The vendor refuses the call itself: a mistake of ours.
    #[error("{vendor} refused to give {what} with {status} {code}{}: report this", field_and_request(.field, .request_id))]
    Refused {
        /// Who.
        vendor: &'static str,
        /// What was to be read.
        what: String,
        /// The status of the answer.
        status: u16,
        /// The vendor's word for it.
        code: String,
        /// Which part of the call is wrong, where the vendor says so.
        field: Option<String>,
        /// The vendor's name of the call.
        request_id: Option<String>,
    },
    /// One record alone is more than an answer may hold.
    #[error(
        "one record of {what} from {vendor} is more than the {limit} bytes that an answer may have: nothing behind it is read; report this"
    )]
    RecordTooLarge {
        /// Who.
        vendor: &'static str,
        /// Which page of which stream.
        what: String,
        /// The most bytes of an answer.
        limit: usize,
    },
    /// The position within a list is no longer known to the vendor.
    #[error("{vendor} has forgotten where {what} went on: sync again")]
    PageForgotten {
        /// Who.
        vendor: &'static str,
        /// What was to be read.
        what: String,
    },
    /// The vendor speaks another version of its language than we asked for.
    #[error(
        "{vendor} answered {what} in version {answered} and not in {asked}: nothing of it was read; update ShelfOps"
    )]
    Version {
        /// Who.
        vendor: &'static str,
        /// What was to be read.
        what: String,
        /// Which version was asked for.
        asked: &'static str,
        /// Which one answered.
        answered: String,
    },
    /// An answer as a whole is not what is documented.
    #[error(
        "{what} from {vendor} in version {version} is not what is documented, {reason}: nothing of it was read; update ShelfOps"
    )]
    Shape {
        /// Who.
        vendor: &'static str,
        /// Which page of which stream.
        what: String,
        /// In which version.
        version: &'static str,
        /// What is wrong, without quoting the answer.
        reason: String,
    },
    /// The cursor is not one that this connector made.
    #[error(
        "the cursor of {stream} was not made by {connector} ({reason}): use the version of ShelfOps that made it or a newer one, or remove the integration and add it again"
    )]
    Cursor {
        /// Whose cursor it should be.
        connector: &'static str,
        /// Of which stream.
        stream: Stream,
        /// What is wrong with it.
        reason: String,
    },
    /// The connector has no such stream, or cannot read it that way.
    #[error("{connector} cannot read {stream}{how}")]
    Unsupported {
        /// Which connector.
        connector: &'static str,
        /// Which stream.
        stream: Stream,
        /// In which way it cannot; begins with a space or a colon, or is empty.
        how: &'static str,
    },
    /// A task of ours ended without a word.
    #[error("the reader of {stream} was lost: sync again")]
    TaskLost {
        /// Of which stream.
        stream: Stream,
        /// What became of it.
        source: tokio::task::JoinError,
    },
}

impl ConnectorError {
    /// Returns what is to be done.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::Fetch { source, .. }
            | Self::Token { source: TokenError::Unavailable { source } } => passing(source),
            Self::Token { source: TokenError::Store(_) | TokenError::NotNow { .. } }
            | Self::PageForgotten { .. }
            | Self::TaskLost { .. } => Disposition::Retry { after: None },
            Self::Token { source: TokenError::ReconnectNeeded { .. } }
            | Self::Disconnected { .. }
            | Self::Forbidden { .. } => Disposition::Reconnect,
            Self::Token {
                source: TokenError::Unreadable { .. } | TokenError::OnlyByTenant { .. },
            }
            | Self::Refused { .. }
            | Self::RecordTooLarge { .. }
            | Self::Version { .. }
            | Self::Shape { .. }
            | Self::Cursor { .. }
            | Self::Unsupported { .. } => Disposition::Stop,
        }
    }

    /// Finds the connector's error behind one of a source.
    pub fn behind(error: &SourceError) -> Option<&Self> {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            cause = error.source();
        }
        None
    }
}

const fn passing(error: &HttpError) -> Disposition {
    if error.is_passing() {
        Disposition::Retry { after: error.retry_after() }
    } else {
        Disposition::Stop
    }
}

fn field_and_request(field: &Option<String>, request_id: &Option<String>) -> String {
    let field = field.as_ref().map(|field| format!(" at {field}")).unwrap_or_default();
    let request = request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
    field + &request
}
