//! Why there is no proof.

use crate::indexes::AdviceError;
use crate::plans::describe;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The copy's server did not do what was asked.
    #[error("could not {action}: {}", describe(source))]
    Server {
        /// What was being done, as words that follow "could not".
        action: &'static str,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// The copy's address cannot be read.
    #[error("the scratch database: {0}")]
    BadAddress(String),
    /// Advice could not be had again.
    #[error(transparent)]
    Advice(#[from] AdviceError),
}

/// Marks what a statement of ours was for, when it fails.
pub(super) fn doing(action: &'static str) -> impl Fn(tokio_postgres::Error) -> ProofError {
    move |source| ProofError::Server { action, source }
}
