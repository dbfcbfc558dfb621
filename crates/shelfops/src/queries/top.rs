//! Statements ranked by what they cost, and compared with what they cost before.

use std::collections::HashMap;
use std::time::Duration;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_advisor::workload::{
    Counters, LogReading, LogStatement, Statement, Statistics, regression, window,
};
use shelfops_db::models::{SlowState, SlowStatement, StatementSnapshot};

use crate::ops::{Context, OpError};

/// The longest text that a row shows of a statement.
const SHOWN: usize = 160;

/// By what statements are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum By {
    /// The time of all runs together
    Total,
    /// The time of one run on average
    Mean,
    /// Pages read and written, by time where the server keeps it
    Io,
    /// Pages of temporary files
    Temp,
    /// How much slower they became
    Regressions,
}

/// What costs, and what is slow.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Top {
    pub(crate) statements: Vec<Ranked>,
    pub(crate) slow: Vec<Slow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lock_waits: Vec<Waited>,
}

/// A statement by what it costs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Ranked {
    pub(crate) id: String,
    /// Of the time of all statements.
    pub(crate) share: String,
    pub(crate) calls: i64,
    pub(crate) mean_ms: f64,
    pub(crate) max_ms: f64,
    pub(crate) total_s: f64,
    /// What was read and written; a log does not know.
    pub(crate) io_ms: Option<f64>,
    pub(crate) read_pages: Option<i64>,
    pub(crate) temp_pages: Option<i64>,
    /// What it took on average before.
    pub(crate) before_ms: Option<f64>,
    /// How many times slower it became.
    pub(crate) slower: Option<f64>,
    pub(crate) statement: String,
}

/// A statement that was slow, and what became of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Slow {
    pub(crate) id: String,
    pub(crate) state: &'static str,
    pub(crate) max_ms: f64,
    pub(crate) mean_ms: f64,
    pub(crate) calls: i64,
    pub(crate) first_seen_at: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) statement: String,
}

/// A wait for a lock, from a log.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Waited {
    pub(crate) lock: String,
    pub(crate) waited_ms: f64,
    pub(crate) statement: Option<String>,
}

/// Counters of other times.
pub(crate) struct History {
    /// When it was last looked.
    last: HashMap<i64, Counters>,
    /// Where lately begins, and the beginning of what that is compared with.
    lately: Option<HashMap<i64, Counters>>,
    before: Option<HashMap<i64, Counters>>,
}

impl History {
    /// Reads the counters of other times; lately begins so many hours ago.
    pub(crate) async fn read(context: &Context, since_hours: u32) -> Result<Self, OpError> {
        let operator = context.database().await?.operator().await?;
        let age = Duration::from_secs(u64::from(since_hours.max(1)) * 3_600);
        let last = operator.counters_before(Duration::ZERO).await?;
        let lately = operator.counters_before(age).await?;
        let before = operator.oldest_counters(age).await?;
        Ok(Self {
            last: last.map(by_id).unwrap_or_default(),
            lately: lately.map(by_id),
            before: before.map(by_id),
        })
    }

    /// Whether there is anything to compare with.
    pub(crate) fn has_before(&self) -> bool {
        self.lately.is_some()
    }

    /// Returns the runs since it was last looked at.
    pub(crate) fn since_last(&self, statement: &Statement) -> Option<Counters> {
        let older = self.last.get(&statement.query_id)?;
        Some(window(*older, counters(statement)))
    }

    /// Returns the runs since lately began.
    pub(crate) fn since_lately(&self, statement: &Statement) -> Option<Counters> {
        let older = self.lately.as_ref()?.get(&statement.query_id)?;
        Some(window(*older, counters(statement)))
    }

    /// Returns the average before, and how many times slower it is lately.
    fn regression(&self, statement: &Statement) -> Option<(f64, f64)> {
        let border = *self.lately.as_ref()?.get(&statement.query_id)?;
        let oldest = self.before.as_ref().and_then(|it| it.get(&statement.query_id)).copied();
        // With one snapshot alone, all that was counted up to it is what came before.
        let start = oldest.filter(|oldest| oldest.calls < border.calls).unwrap_or_default();
        let slower = regression(window(start, border), window(border, counters(statement)))?;
        Some((slower.before_ms, slower.factor))
    }
}

fn by_id(snapshot: StatementSnapshot) -> HashMap<i64, Counters> {
    let entries = snapshot.counters.into_iter();
    entries
        .map(|each| (each.query_id, Counters { calls: each.calls, total_ms: each.total_ms }))
        .collect()
}

const fn counters(statement: &Statement) -> Counters {
    Counters { calls: statement.calls, total_ms: statement.total_ms }
}

/// Ranks statements.
pub(crate) fn ranked(
    statistics: &Statistics,
    history: &History,
    by: By,
    limit: u32,
) -> Vec<Ranked> {
    let whole: f64 = statistics.statements.iter().map(|each| each.total_ms).sum();
    let mut rows: Vec<(f64, Ranked)> = statistics
        .statements
        .iter()
        .filter_map(|each| {
            let slower = history.regression(each);
            let weight = match by {
                By::Total => each.total_ms,
                By::Mean => each.mean_ms,
                // Where no times are kept, pages stand for them: a hundredth of a millisecond each.
                By::Io => each.io_ms.max(each.read_pages as f64 / 100.0),
                By::Temp => each.temp_pages as f64,
                By::Regressions => slower.map_or(0.0, |(_, factor)| factor),
            };
            (weight > 0.0).then(|| (weight, row(each, whole, slower)))
        })
        .collect();
    rows.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    rows.truncate(limit as usize);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn row(statement: &Statement, whole: f64, slower: Option<(f64, f64)>) -> Ranked {
    Ranked {
        id: statement.query_id.to_string(),
        share: format!("{:.1}%", 100.0 * statement.total_ms / whole.max(0.001)),
        calls: statement.calls,
        mean_ms: rounded(statement.mean_ms),
        max_ms: rounded(statement.max_ms),
        total_s: rounded(statement.total_ms / 1_000.0),
        io_ms: Some(rounded(statement.io_ms)),
        read_pages: Some(statement.read_pages),
        temp_pages: Some(statement.temp_pages),
        before_ms: slower.map(|(before, _)| rounded(before)),
        slower: slower.map(|(_, factor)| rounded(factor)),
        statement: short(&statement.text),
    }
}

/// Names a statement of a log: as the server does, where the log says it.
pub(crate) fn name_of(statement: &LogStatement) -> String {
    match statement.query_id {
        Some(query_id) => query_id.to_string(),
        None => format!("log-{}", statement.fingerprint),
    }
}

/// Ranks the statements of a log, which knows their times alone.
pub(crate) fn logged(reading: &LogReading, by: By, limit: u32) -> Vec<Ranked> {
    let whole: f64 = reading.statements.iter().map(|each| each.total_ms).sum();
    let mut logged: Vec<&LogStatement> = reading.statements.iter().collect();
    if by == By::Mean {
        logged.sort_by(|one, other| other.mean_ms().total_cmp(&one.mean_ms()));
    }
    let rows = logged.into_iter().take(limit as usize).map(|each| {
        let counted = Statement {
            text: each.text.clone(),
            calls: each.calls,
            total_ms: each.total_ms,
            mean_ms: each.mean_ms(),
            max_ms: each.max_ms,
            ..Statement::default()
        };
        Ranked {
            id: name_of(each),
            io_ms: None,
            read_pages: None,
            temp_pages: None,
            ..row(&counted, whole, None)
        }
    });
    rows.collect()
}

/// Shows the waits of a log.
pub(crate) fn waited(reading: &LogReading, limit: u32) -> Vec<Waited> {
    let waits = reading.waits.iter().take(limit as usize).map(|wait| Waited {
        lock: wait.lock.clone(),
        waited_ms: rounded(wait.waited_ms),
        statement: wait.text.as_deref().map(short),
    });
    waits.collect()
}

/// Shows the slow statements that nobody dealt with, or all.
pub(crate) fn shown(slow: &[SlowStatement], all: bool) -> Vec<Slow> {
    let is_shown =
        |each: &&SlowStatement| all || matches!(each.state, SlowState::Open | SlowState::Advised);
    slow.iter()
        .filter(is_shown)
        .map(|each| Slow {
            id: each.statement_id.clone(),
            state: each.state.name(),
            max_ms: rounded(each.max_ms),
            mean_ms: rounded(each.mean_ms),
            calls: each.calls,
            first_seen_at: each.first_seen_at.map(|at| at.to_string()),
            reason: each.reason.clone(),
            statement: short(&each.statement),
        })
        .collect()
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Writes a statement in one line, as much of it as fits.
pub(crate) fn short(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() > SHOWN {
        line.truncate(line.floor_char_boundary(SHOWN));
        line.push('…');
    }
    line
}
