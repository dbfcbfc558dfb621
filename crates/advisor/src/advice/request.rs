//! What advice is asked for.

use std::sync::Arc;
use std::time::Duration;

/// A statement of a workload.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// What it is called in the advice.
    pub name: String,
    /// Its text.
    pub sql: String,
    /// Values of its parameters, in their order, as text; none where it is planned for all values alike.
    pub parameters: Vec<String>,
    /// How often it ran, where somebody counted.
    pub calls: Option<f64>,
    /// How long it took on average, where somebody measured.
    pub mean_ms: Option<f64>,
    /// How many rows it gave on average, where somebody counted.
    pub rows: Option<f64>,
    /// Where its values come from, where they were found for it.
    pub found: Option<Found>,
}

/// Values that were found for a statement that came without. The next time it is asked with others: what is
/// advised must not rest on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What they are and where they were found, for people.
    pub told: String,
    /// Which of several times it is that the statement is looked at, each with other values.
    pub place: usize,
    /// How many times that is.
    pub of: usize,
}

impl Statement {
    /// Returns how often it runs with its values: equally often with each, where there are several.
    pub(crate) fn weight(&self) -> f64 {
        let times = self.found.as_ref().map_or(1, |found| found.of.max(1));
        self.calls.unwrap_or(1.0).max(1.0) / times as f64
    }

    /// Whether it is looked at for the first time: what only its text says is told once.
    pub(crate) fn is_first(&self) -> bool {
        self.found.as_ref().is_none_or(|found| found.place == 0)
    }
}

/// A workload, and within which bounds to advise.
#[derive(Clone, Debug)]
pub struct Request {
    /// The statements.
    pub statements: Vec<Statement>,
    /// How many bytes new indexes may take together; half of what the tables take unless said.
    pub budget_bytes: Option<u64>,
    /// How long the search for indexes may take.
    pub time: Duration,
    /// As whom statements are planned and run; as the login unless said.
    pub asker: Option<Asker>,
    /// How many seconds the calls were counted for, where they were.
    pub counted_seconds: Option<f64>,
    /// Whether answers may be an hour old, so that rollups may be advised.
    pub may_be_old: bool,
    /// From how many milliseconds on a statement is slow enough for its answer to be kept.
    pub slow_ms: f64,
}

/// What makes a session somebody's for the rest of a transaction.
///
/// It is given when the transaction began, in seconds since 1970 as the server writes them, and answers the
/// statements that enter.
#[derive(Clone)]
pub struct Asker(Arc<dyn Fn(&str) -> String + Send + Sync>);

impl Asker {
    /// Makes one of a function.
    pub fn new(enter: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(enter))
    }

    /// Writes the statements that enter.
    pub fn enter(&self, began: &str) -> String {
        (self.0)(began)
    }
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Asker")
    }
}
