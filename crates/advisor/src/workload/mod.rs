//! What a server spends its time on: statements, by their statistics and by its log.

mod error;
mod fingerprint;
mod history;
mod log;
mod standing;
mod statements;
mod typed;
mod values;

pub use error::WorkloadError;
pub use fingerprint::{fingerprint, normalised};
pub(crate) use fingerprint::{limits, parameters, renumbered};
pub use history::{Counters, Regression, regression, window};
pub use log::{LockWait, LogReading, LogStatement, read_log};
pub use standing::{Known, Seen, Standing, standing};
pub(crate) use statements::counted;
pub use statements::{
    Counted, Missing, Reading, Statement, Statistics, has_placeholders, read_statistics,
};
