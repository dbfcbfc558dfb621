//! Brings the advisor, which knows any PostgreSQL, together with our database, which knows tenants.

mod advice;
mod judged;
mod logs;
mod slow;
mod top;

use shelfops_advisor::workload::{Missing, Reading, Statistics, has_placeholders, read_statistics};
use shelfops_db::models::{COUNT_STATEMENTS, StatementCounters};

use crate::ops::{Context, OpError};

pub(crate) use advice::{Advised, Wanted, advised, recorded, recorded_one};
pub(crate) use judged::{Judged, PlanSource, explained, judged_plan};
pub(crate) use logs::log_of;
pub(crate) use slow::{Candidate, Logged, logged_at, look_after};
pub(crate) use top::{By, History, Top, logged, name_of, ranked, short, shown, waited};

/// What the server counted, or what keeps it from being read.
pub(crate) enum Counted {
    /// It counted.
    Statements(Statistics),
    /// It did not, or this login may not see.
    Missing {
        /// What is missing.
        what: &'static str,
        /// How to mend it.
        remedy: String,
    },
}

/// Reads what the server counted for the statements of this database.
pub(crate) async fn count(context: &Context) -> Result<Counted, OpError> {
    let reader = context.database().await?.reader().await?;
    Ok(match read_statistics(reader.client()).await? {
        Reading::Ready(statistics) => Counted::Statements(statistics),
        Reading::Missing(missing) => {
            let remedy = match missing {
                Missing::NotCreated => format!("as a superuser: {COUNT_STATEMENTS}"),
                Missing::NotLoaded => format!(
                    "add pg_stat_statements to shared_preload_libraries, restart the server, then as \
                     a superuser: {COUNT_STATEMENTS}"
                ),
                other => other.remedy().to_owned(),
            };
            Counted::Missing { what: missing.what(), remedy }
        }
    })
}

/// Whether a statement is known from a log alone, which has a `?` in the place of each value.
pub(crate) async fn is_without_values(context: &Context, statement: &str) -> Result<bool, OpError> {
    let reader = context.database().await?.reader().await?;
    Ok(has_placeholders(reader.client(), statement).await?)
}

/// Keeps what was counted, for comparisons to come.
pub(crate) async fn keep(context: &Context, statistics: &Statistics) -> Result<usize, OpError> {
    let counters: Vec<StatementCounters> = statistics
        .statements
        .iter()
        .map(|each| StatementCounters {
            query_id: each.query_id,
            calls: each.calls,
            total_ms: each.total_ms,
        })
        .collect();
    let operator = context.database().await?.operator().await?;
    operator.keep_counters(&counters).await?;
    operator.commit().await?;
    Ok(counters.len())
}
