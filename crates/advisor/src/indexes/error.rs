//! Why there is no advice.

use crate::plans::{ExplainError, describe};

/// Why there is no advice.
#[derive(Debug, thiserror::Error)]
pub enum AdviceError {
    /// There is no statement to advise on.
    #[error(
        "there is no statement to advise on; give one, a file of them, or the recorded workload"
    )]
    Empty,
    /// None of the statements has a plan.
    #[error("no statement has a plan to advise on: {0}")]
    NoPlan(String),
    /// The server did not do what was asked.
    #[error("could not {action}: {}", describe(source))]
    Server {
        /// What was being done, as words that follow "could not".
        action: &'static str,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// A statement has no plan.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// The server's answer was not what it always is.
    #[error("could not read what the server said about {0}")]
    Unreadable(&'static str),
}

/// Marks what a statement of ours was for, when it fails.
pub(crate) fn doing(action: &'static str) -> impl Fn(tokio_postgres::Error) -> AdviceError {
    move |source| AdviceError::Server { action, source }
}
