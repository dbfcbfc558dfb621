//! What can stop the simulator, or be refused by its control.

use std::io;

use super::moment::Moment;

/// Why the simulator did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SquareError {
    /// The configuration asks for something that cannot be; change it.
    #[error("{field} of the simulator's configuration {problem}")]
    Config {
        /// The field to change.
        field: &'static str,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// The address is taken or not ours; choose another.
    #[error("could not listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// What was sold stays sold: the clock only goes forward.
    #[error("the clock shows {now} and cannot go back to {wanted}")]
    ClockGoesBack {
        /// What it shows.
        now: Moment,
        /// What was asked for.
        wanted: Moment,
    },
    /// Nothing in the world has this id; look in the state.
    #[error("there is no {what} {id}")]
    Unknown {
        /// The kind of thing.
        what: &'static str,
        /// The id that was asked for.
        id: String,
    },
    /// The thing exists and cannot be changed so; the text says why.
    #[error("{0}")]
    Refused(String),
    /// A task of the simulator ended before its time; this is a defect.
    #[error("the simulator's {0} ended early")]
    Ended(&'static str),
}
