//! Why a workload could not be read.

use crate::plans::describe;

/// Why a workload could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// The server did not answer as asked.
    #[error("could not {action}: {}", describe(source))]
    Server {
        /// What was being done, as words that follow "could not".
        action: &'static str,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// A log broke off.
    #[error("the log could not be read to its end: {0}")]
    Log(#[from] std::io::Error),
}
