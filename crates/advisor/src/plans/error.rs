//! Why there is no plan, and what to do about it.

use std::time::Duration;

use tokio_postgres::error::SqlState;

/// Why an input could not be read as a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// There is no plan in it.
    #[error(
        "there is no plan in it; give the whole output of explain (analyze, buffers, verbose, \
         settings, format json), or its text"
    )]
    NoPlan,
    /// It begins like JSON and is none.
    #[error("it begins like a plan in JSON and breaks off: {0}; give the whole output of explain")]
    BadJson(String),
    /// It is larger than any plan.
    #[error("it has {bytes} bytes, more than any plan; give the output of explain alone")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// It nests deeper than any plan.
    #[error(
        "the plan nests deeper than {limit} levels, more than any plan; is its indentation right?"
    )]
    TooDeep {
        /// How deep it may nest.
        limit: usize,
    },
    /// It has more nodes than any plan.
    #[error("the plan has more than {limit} nodes; explain one statement over fewer partitions")]
    TooManyNodes {
        /// How many may be.
        limit: usize,
    },
}

/// Why a statement was not explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// There is nothing to explain.
    #[error("there is no statement; give one, as an argument, with --file, or on stdin")]
    Empty,
    /// The text is more than one statement.
    #[error("it is more than one statement; explain them one at a time")]
    ManyStatements,
    /// The text asks for its own explanation.
    #[error("leave `explain` out: it is added, with the options that the findings need")]
    IsExplain,
    /// A statement that has no plan.
    #[error(
        "the server cannot explain this statement ({0}); select, values, with, table, insert, \
         update, delete and merge have plans"
    )]
    NotExplainable(String),
    /// A statement that would change data if it ran.
    #[error(
        "--analyze runs the statement, and this one changes data or locks rows ({0}); explain it \
         without --analyze"
    )]
    WouldChange(String),
    /// A statement that has more or fewer parameters than were given.
    #[error(
        "the statement has {wanted} parameters and {given} values were given; give each with \
         --param, in their order"
    )]
    WrongParameters {
        /// How many it has.
        wanted: usize,
        /// How many were given.
        given: usize,
    },
    /// A lock was not had in time: the statement waits where it usually works.
    #[error(
        "a table of the statement is locked by somebody else, for longer than {}: look who with \
         `select pid, state, query from pg_stat_activity where pid = any (pg_blocking_pids(…))`",
        shown(*waited)
    )]
    Locked {
        /// How long it was waited for.
        waited: Duration,
    },
    /// Not even planning was done in time.
    #[error("planning took longer than {}; allow more with --timeout", shown(*limit))]
    PlanningTooLong {
        /// How long it was allowed.
        limit: Duration,
    },
    /// The server refused.
    #[error("the server refused the statement: {}", describe(.0))]
    Refused(#[source] tokio_postgres::Error),
    /// The server did not do what was asked around the statement.
    #[error("could not {action}: {}", describe(source))]
    Server {
        /// What was being done, as words that follow "could not".
        action: &'static str,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// The server's answer is no plan.
    #[error("the server's answer could not be read: {0}")]
    Unreadable(#[from] PlanError),
}

impl ExplainError {
    /// Whether the question was wrong, and not the server.
    pub const fn is_usage(&self) -> bool {
        !matches!(self, Self::Server { .. } | Self::Unreadable(_) | Self::Locked { .. })
    }
}

/// Marks what a statement of ours was for, when it fails.
pub(crate) fn doing(action: &'static str) -> impl Fn(tokio_postgres::Error) -> ExplainError {
    move |source| ExplainError::Server { action, source }
}

/// Whether a time box ran out.
pub(crate) fn is_timeout(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::QUERY_CANCELED)
}

fn shown(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// Says in one line what the server said, with its advice.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    let Some(said) = error.as_db_error() else {
        return match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
    };
    let mut text = said.message().to_owned();
    for addition in [said.detail(), said.hint()].into_iter().flatten() {
        text.push_str("; ");
        text.push_str(addition);
    }
    text
}
