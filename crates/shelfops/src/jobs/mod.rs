//! The registry of jobs: what is done in the background, by whichever worker is free.
//!
//! A kind of job is one file here and one line in [`JOBS`]. What a job is told is one small object, so
//! that it can be put by any transaction and done by any machine; what it does, it does by the same
//! functions that operations call.

mod integration;
mod process_webhooks;
mod reconcile;
mod refresh_token;
mod replay_quarantine;
mod runner;
mod schedules;
mod schema_drift;
mod statement_history;
mod sync;
mod timeseries_upkeep;
mod work;

use clap::Command;
use serde_json::Value;
use shelfops_db::models::{DueSchedule, NewJob};

use crate::ops::OpError;

pub(crate) use process_webhooks::notification_job;
pub(crate) use runner::{Crew, WorkerTalk, worker};
pub(crate) use schedules::{add_default_schedules, parse_daily, parse_rhythm, shown};
pub(crate) use timeseries_upkeep::SILENT_POLICIES;
pub(crate) use work::{AnyWork, Done, Work};

/// Every kind of job, in the order people read them.
pub(crate) const JOBS: &[&dyn AnyWork] = &[
    &sync::Sync,
    &process_webhooks::ProcessWebhooks,
    &refresh_token::RefreshToken,
    &reconcile::Reconcile,
    &replay_quarantine::ReplayQuarantine,
    &timeseries_upkeep::TimeseriesUpkeep,
    &statement_history::StatementHistory,
    &schema_drift::SchemaDrift,
];

/// Finds a kind by its name.
///
/// # Errors
/// Says which kinds there are.
pub(crate) fn find(kind: &str) -> Result<&'static dyn AnyWork, OpError> {
    JOBS.iter().find(|work| work.name() == kind).copied().ok_or_else(|| {
        let names: Vec<&str> = JOBS.iter().map(|work| work.name()).collect();
        OpError::usage(format!("there is no job '{kind}'; there are {}", names.join(", ")))
    })
}

/// Returns the job that a schedule stands for; `None` when it is of a kind, or says something, that this
/// program does not know.
fn scheduled(due: &DueSchedule) -> Option<NewJob> {
    find(&due.kind).ok()?.scheduled(due)
}

/// Shows what a job is told without what everybody knows of it.
pub(crate) fn told(payload: &Value) -> Value {
    let mut told = payload.clone();
    if let Some(object) = told.as_object_mut() {
        object.remove("customer_id");
        object.retain(|_, value| !value.is_null());
    }
    told
}

/// The names of all kinds, for help.
pub(crate) fn list_kinds(command: Command) -> Command {
    let lines: Vec<String> =
        JOBS.iter().map(|work| format!("  {:20} {}", work.name(), work.summary())).collect();
    command.after_help(format!("Kinds of jobs:\n{}", lines.join("\n")))
}

#[cfg(test)]
mod tests;
