//! Reads a server's log for slow statements, their plans, and waits for locks.
//!
//! All three of the server's formats are read, line by line: a log may be larger than memory. What is
//! kept is one entry a statement, with its slowest run.

mod entry;
mod format;

use std::collections::HashMap;
use std::io::BufRead;

use schemars::JsonSchema;
use serde::Serialize;

use super::WorkloadError;
use super::fingerprint::{self, fingerprint, normalised};
use crate::plans;
use entry::{Message, Said};
use format::Entries;

/// How many different statements are kept; a log with more has text that nobody should log.
const MOST: usize = 20_000;

/// A statement of a log.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct LogStatement {
    /// The server's identifier of it, where the log has it.
    pub query_id: Option<i64>,
    /// A name of what it is without its values, where the log has none.
    pub fingerprint: String,
    /// It, without its values.
    pub text: String,
    /// The slowest run as it was logged, values and all: the slowest of those that have their values, where
    /// some have not.
    #[serde(skip)]
    pub slowest: String,
    /// The values of that run, where they stand apart.
    #[serde(skip)]
    pub parameters: Option<String>,
    /// How long that run took.
    #[serde(skip)]
    pub slowest_ms: f64,
    /// How often it was logged.
    pub calls: i64,
    /// How long those runs took.
    pub total_ms: f64,
    /// How long the slowest took.
    pub max_ms: f64,
    /// When it was first logged, as the log says it.
    pub first_at: Option<String>,
    /// When the slowest run was logged, as the log says it.
    pub slowest_at: Option<String>,
    /// When it was last logged, as the log says it.
    pub last_at: Option<String>,
    /// The plan of the slowest run that has one, as it was logged.
    #[serde(skip)]
    pub plan: Option<String>,
    /// How long the run with that plan took.
    #[serde(skip)]
    plan_ms: f64,
    /// How often it was logged with a plan.
    #[serde(skip)]
    plans: i64,
    #[serde(skip)]
    plans_total_ms: f64,
}

/// A statement that waited for a lock.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LockWait {
    /// What was waited for: `ShareLock on transaction 4711`.
    pub lock: String,
    /// For how long, up to when it was logged.
    pub waited_ms: f64,
    /// The statement that waited, without its values.
    pub text: Option<String>,
}

/// What a log says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LogReading {
    /// The statements, the most time first.
    pub statements: Vec<LogStatement>,
    /// The waits.
    pub waits: Vec<LockWait>,
    /// How many entries the log has.
    pub entries: u64,
    /// How many statements were left out because there were too many kinds.
    pub left_out: u64,
}

/// Reads a log to its end.
///
/// # Errors
/// Fails when the log cannot be read. What is no log has no entries.
pub fn read_log(log: impl BufRead) -> Result<LogReading, WorkloadError> {
    let mut reading = LogReading::default();
    let mut known: HashMap<String, LogStatement> = HashMap::new();
    for entry in Entries::new(log) {
        let said = entry?;
        reading.entries += 1;
        match entry::message(&said) {
            Some(Message::Wait { lock, waited_ms }) => {
                let text = said.statement.as_deref().map(normalised);
                reading.waits.push(LockWait { lock, waited_ms, text });
            }
            Some(message) => add(&mut reading, &mut known, &said, message),
            None => {}
        }
    }
    reading.statements = known.into_values().map(settled).collect();
    reading.statements.sort_by(|one, other| other.total_ms.total_cmp(&one.total_ms));
    Ok(reading)
}

fn add(
    reading: &mut LogReading,
    known: &mut HashMap<String, LogStatement>,
    said: &Said,
    message: Message,
) {
    let (ms, statement, plan) = match message {
        Message::Statement { ms, statement } => (ms, statement, None),
        Message::Plan { ms, statement, plan } => (ms, statement, Some(plan)),
        Message::Wait { .. } => return,
    };
    let name = format!("{:016x}", fingerprint(&statement));
    if known.len() >= MOST && !known.contains_key(&name) {
        reading.left_out += 1;
        return;
    }
    let kept = known.entry(name.clone()).or_insert_with(|| LogStatement {
        fingerprint: name,
        text: normalised(&statement),
        ..LogStatement::default()
    });
    kept.query_id = kept.query_id.or(said.query_id);
    kept.first_at = kept.first_at.take().or_else(|| said.at.clone());
    kept.last_at = said.at.clone().or_else(|| kept.last_at.take());
    let parameters = said.parameters.clone().or_else(|| entry::parameters(plan.as_deref()?));
    // A plan's entry may have no values, where that of the run's time has them.
    let has_values = |statement: &str, parameters: &Option<String>| {
        parameters.is_some() || fingerprint::parameters(statement) == 0
    };
    let had_values = !kept.slowest.is_empty() && has_values(&kept.slowest, &kept.parameters);
    if has_values(&statement, &parameters) && (!had_values || ms >= kept.slowest_ms)
        || !had_values && ms >= kept.slowest_ms
    {
        kept.slowest_ms = ms;
        kept.slowest = statement;
        kept.parameters = parameters;
    }
    if ms >= kept.max_ms {
        kept.max_ms = ms;
        kept.slowest_at = said.at.clone();
    }
    match plan {
        Some(plan) => {
            kept.plans += 1;
            kept.plans_total_ms += ms;
            if ms >= kept.plan_ms {
                kept.plan_ms = ms;
                kept.plan = Some(plan);
            }
        }
        None => {
            kept.calls += 1;
            kept.total_ms += ms;
        }
    }
}

/// A run may have been logged twice, for its time and for its plan: it counts once.
fn settled(mut statement: LogStatement) -> LogStatement {
    if statement.plans > statement.calls {
        statement.calls = statement.plans;
        statement.total_ms = statement.plans_total_ms;
    }
    statement
}

impl LogStatement {
    /// Returns how long it takes on average.
    pub fn mean_ms(&self) -> f64 {
        if self.calls > 0 { self.total_ms / self.calls as f64 } else { 0.0 }
    }

    /// Whether the text of its slowest run has its values in it.
    pub fn has_its_values(&self) -> bool {
        fingerprint::parameters(&self.slowest) == 0
    }

    /// Reads the plan of its slowest run that has one.
    ///
    /// # Errors
    /// Says why the logged plan cannot be read.
    pub fn read_plan(&self) -> Option<Result<plans::Plan, plans::PlanError>> {
        self.plan.as_deref().map(plans::read)
    }
}

#[cfg(test)]
mod tests;
