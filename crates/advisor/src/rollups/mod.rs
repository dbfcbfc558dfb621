//! Answers worth keeping: a query that groups many rows into few, often, and whose answer may be an hour old.

mod guard;
mod name;
mod parts;
mod rules;
mod terms;
mod time;
mod traps;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::{Client, Row};

use crate::indexes::{AdviceError, Catalog, Rejected, doing};
use crate::plans::count;
use parts::Parts;
pub use rules::{FREQUENT_CALLS_A_DAY, SLOW_MS};
pub(crate) use rules::{OVER_A_SECOND, too_quick};

/// A rollup must have at most this share of the rows that it is made of.
const MOST_ROWS: f64 = 0.1;

/// How many rows are looked at, and for how long at most, where the planner knows nothing.
const SAMPLED_ROWS: u32 = 50_000;
const SAMPLE_MS: u32 = 2_000;

/// An answer worth keeping.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RollupAdvice {
    /// What it is called.
    pub name: String,
    /// The statement's place in the workload.
    pub statement: usize,
    /// What makes it, with the index that lets it be refreshed while it is read.
    pub statements: Vec<String>,
    /// What brings it up to date.
    pub refresh: String,
    /// What drops it.
    pub undo: String,
    /// The query on it.
    pub query: String,
    /// How many rows are expected in it.
    pub estimated_rows: f64,
    /// How many the largest table has that it is made of.
    pub table_rows: f64,
    /// The house's rules, each with what is known.
    pub why: Vec<String>,
    /// What to know before making it.
    pub risks: Vec<String>,
}

/// A statement, and what is known of its use.
pub(crate) struct Wish<'w> {
    pub(crate) sql: &'w str,
    pub(crate) calls: Option<f64>,
    pub(crate) mean_ms: Option<f64>,
    pub(crate) counted_seconds: Option<f64>,
    pub(crate) may_be_old: bool,
    /// From how many milliseconds on it is slow.
    pub(crate) slow_ms: f64,
    /// What makes the session whoever asks, where that is not the login.
    pub(crate) enter: Option<&'w str>,
}

/// Looks whether a statement's answer is worth keeping, beside others that are; nothing for one that does not
/// group.
pub(crate) async fn rollup(
    client: &Client,
    wish: &Wish<'_>,
    catalog: &Catalog,
    others: &[RollupAdvice],
) -> Result<Option<Result<RollupAdvice, Rejected>>, AdviceError> {
    let Some(read) = Parts::read(wish.sql, catalog, others) else { return Ok(None) };
    let what = "a rollup that is kept".to_owned();
    let rejected = |rule, reason| Rejected { what: what.clone(), rule, reason };
    let parts = match read {
        Ok(parts) => parts,
        Err(reason) => return Ok(Some(Err(rejected("rollup-says-the-same", reason)))),
    };
    let why = match rules::judged(wish) {
        Ok(why) => why,
        Err((rule, reason)) => return Ok(Some(Err(rejected(rule, reason)))),
    };
    if let Some(reason) = guard::refusal(client, &parts, catalog).await? {
        return Ok(Some(Err(rejected("rollup-says-the-same", reason))));
    }
    let rows = catalog.tables.iter().filter(|table| parts.reads(&table.name));
    let rows = rows.map(crate::indexes::Table::rows).fold(0.0, f64::max);
    let Some(mut estimated) = estimated_rows(client, &parts.select()).await? else {
        let reason = "the server does not plan the rollup's own query".to_owned();
        return Ok(Some(Err(rejected("rollup-says-the-same", reason))));
    };
    if estimated > rows * MOST_ROWS
        && let Some(share) = sampled_share(client, &parts, wish.enter).await?
    {
        // Of an expression the planner knows nothing: it takes its column's values for as many groups.
        estimated = estimated.min(rows * share);
    }
    if estimated > rows * MOST_ROWS {
        let reason = format!(
            "it would have about {} rows of {}: the columns that the query compares tell too many apart",
            count(estimated),
            count(rows)
        );
        return Ok(Some(Err(rejected("rollup-is-smaller", reason))));
    }
    let mut advice = advice(&parts, why, (estimated, rows));
    advice.risks.extend(traps::told(&parts, catalog));
    Ok(Some(Ok(advice)))
}

fn advice(parts: &Parts, mut why: Vec<String>, rows: (f64, f64)) -> RollupAdvice {
    why.push(format!(
        "rollup-is-smaller: about {} rows in place of {} (the planner's estimate)",
        count(rows.0),
        count(rows.1)
    ));
    let name = &parts.name;
    RollupAdvice {
        name: name.clone(),
        statement: 0,
        statements: vec![
            parts.creation(),
            format!("create unique index on {name} ({});", parts.dimensions().join(", ")),
        ],
        refresh: format!("refresh materialized view concurrently {name};"),
        undo: format!("drop materialized view {name};"),
        query: parts.query(),
        estimated_rows: rows.0,
        table_rows: rows.1,
        why,
        risks: vec![
            "row security does not reach a materialised view: give tenants a view over it that compares the \
             tenant, and no right on itself"
                .to_owned(),
            "days and other stretches of time are those of the session's time zone that refreshes it"
                .to_owned(),
            "a refresh reads everything again; where that is too much, keep a table that loads bring up to \
             date, or on a hypertable of TimescaleDB a continuous aggregate"
                .to_owned(),
        ],
    }
}

/// Looks at some rows, and says how many groups they make for each; nothing where that takes too long.
async fn sampled_share(
    client: &Client,
    parts: &Parts,
    enter: Option<&str>,
) -> Result<Option<f64>, AdviceError> {
    // Whoever asks wrote what runs here: it runs as they, and changes nothing.
    let enter = format!("set local statement_timeout = {SAMPLE_MS}; {}", enter.unwrap_or_default());
    let row = looked_up(client, &enter, &parts.sample(SAMPLED_ROWS)).await?;
    let Some((rows, groups)) = row.map(|row| (row.get::<_, i64>(0), row.get::<_, i64>(1))) else {
        return Ok(None);
    };
    Ok((rows > 0).then(|| groups as f64 / rows as f64))
}

/// Asks how many rows a query gives; nothing where the server refuses it. The rollup has the rows of
/// everybody, whatever row security leaves to whoever asks.
async fn estimated_rows(client: &Client, sql: &str) -> Result<Option<f64>, AdviceError> {
    let Some(row) = looked_up(client, "", &format!("explain (format json) {sql}")).await? else {
        return Ok(None);
    };
    let plan: Value = row.get(0);
    Ok(plan.pointer("/0/Plan/Plan Rows").and_then(Value::as_f64))
}

/// Asks for a row without changing anything; nothing where the server refuses.
async fn looked_up(client: &Client, enter: &str, sql: &str) -> Result<Option<Row>, AdviceError> {
    let action = doing("look how large a rollup would be");
    let begin = format!("savepoint rollup; set transaction read only; {enter}");
    client.batch_execute(&begin).await.map_err(&action)?;
    let answer = client.query_one(sql, &[]).await;
    let end = "rollback to savepoint rollup; release savepoint rollup";
    client.batch_execute(end).await.map_err(action)?;
    Ok(answer.ok())
}
