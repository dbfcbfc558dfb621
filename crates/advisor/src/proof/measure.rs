//! Measures a statement on a copy: several runs, what they read, and what came out.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::error::doing;
use super::{Copy, ProofError};
use crate::advice::{AdvisedIndex, Statement};
use crate::plans::{literal, quoted};

/// A statement that takes longer than this is not run as often as others.
const LONG: Duration = Duration::from_secs(3);

/// The name under which a statement with parameters is prepared.
const PREPARED: &str = "advisor_measured";

/// What was measured of a statement.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Measured {
    /// The middle of its runs with a warm cache, the server's time; none where the time box ran out.
    pub median_ms: Option<f64>,
    /// The quickest and the slowest run.
    pub spread_ms: Option<[f64; 2]>,
    /// How many runs.
    pub runs: usize,
    /// The first run with an empty cache of the server, where it can be emptied.
    pub cold_ms: Option<f64>,
    /// How many pages it looked at.
    pub pages: f64,
    /// How many rows it gave, and the sum of their hashes, which knows no order.
    pub rows: Option<i64>,
    /// See `rows`.
    pub hash: Option<String>,
    /// How long one run may have taken.
    pub limit_ms: f64,
    /// Why nothing was measured.
    pub failed: Option<String>,
    /// The indexes that its plan used.
    pub indexes: BTreeSet<String>,
    /// The plan of the last run.
    #[serde(skip)]
    pub(super) plan: Value,
}

impl Measured {
    /// Whether two gave the same rows; nothing where one of them gave none in time.
    pub(super) fn same_rows(&self, other: &Self) -> Option<bool> {
        let (rows, others) = (self.rows?, other.rows?);
        Some(rows == others && self.hash == other.hash)
    }

    /// Says the time for people.
    pub fn shown(&self) -> String {
        match (self.median_ms, self.spread_ms) {
            (Some(median), Some([low, high])) => format!("{median:.1} ms ({low:.1} to {high:.1})"),
            _ => match &self.failed {
                Some(reason) => reason.clone(),
                None => format!("over {:.0} s", self.limit_ms / 1_000.0),
            },
        }
    }
}

/// Measures a statement without some of the indexes, which come back afterwards.
pub(super) async fn measure(
    client: &Client,
    copy: &Copy,
    statement: &Statement,
    without: &[&AdvisedIndex],
) -> Result<Measured, ProofError> {
    begin(client, copy, without).await?;
    let measured = measured(client, copy, statement).await;
    end(client).await?;
    measured
}

/// Plans a statement as it would be measured; nothing where the server does not.
pub(super) async fn plan(
    client: &Client,
    copy: &Copy,
    statement: &Statement,
    without: &[&AdvisedIndex],
) -> Result<Option<Value>, ProofError> {
    begin(client, copy, without).await?;
    let explain = "explain (verbose, format json)";
    let replies = ask(client, explain, statement, |sql| sql.to_owned()).await;
    end(client).await?;
    Ok(replies?.ok().and_then(|replies| read(&replies)))
}

/// Returns the indexes that a plan uses.
pub(super) fn indexes(plan: &Value) -> BTreeSet<String> {
    let mut indexes = BTreeSet::new();
    let mut open: Vec<&Value> = plan.pointer("/0/Plan").into_iter().collect();
    while let Some(node) = open.pop() {
        indexes.extend(node.get("Index Name").and_then(Value::as_str).map(str::to_owned));
        open.extend(node.get("Plans").and_then(Value::as_array).into_iter().flatten());
    }
    indexes
}

async fn begin(client: &Client, copy: &Copy, without: &[&AdvisedIndex]) -> Result<(), ProofError> {
    client.batch_execute("begin").await.map_err(doing("begin a measurement"))?;
    for advised in without {
        let schema = advised.index.table.rsplit_once('.').map_or("", |(schema, _)| schema);
        let dot = if schema.is_empty() { "" } else { "." };
        let drop_it = format!("drop index {schema}{dot}{}", quoted(&advised.name));
        client.batch_execute(&drop_it).await.map_err(doing("take an index away"))?;
    }
    enter(client, copy).await
}

async fn end(client: &Client) -> Result<(), ProofError> {
    client.batch_execute("rollback").await.map_err(doing("end a measurement"))?;
    forget(client).await
}

/// Makes the transaction the asker's, read-only and bounded.
async fn enter(client: &Client, copy: &Copy) -> Result<(), ProofError> {
    if let Some(asker) = &copy.asker {
        let began = client
            .query_one("select extract(epoch from transaction_timestamp())::text", &[])
            .await
            .map_err(doing("begin a measurement"))?;
        let enter = asker.enter(began.get(0));
        client.batch_execute(&enter).await.map_err(doing("enter as whoever asks"))?;
    }
    let limit = copy.limit.as_millis().max(1);
    let bound = format!("set transaction read only; set local statement_timeout = {limit}");
    client.batch_execute(&bound).await.map_err(doing("bound a measurement"))
}

/// Prepared statements outlive transactions, also those that failed.
async fn forget(client: &Client) -> Result<(), ProofError> {
    let there = format!("select from pg_prepared_statements where name = '{PREPARED}'");
    let action = doing("forget what is prepared");
    if client.query_opt(&there, &[]).await.map_err(&action)?.is_some() {
        client.batch_execute(&format!("deallocate {PREPARED}")).await.map_err(action)?;
    }
    Ok(())
}

async fn measured(
    client: &Client,
    copy: &Copy,
    statement: &Statement,
) -> Result<Measured, ProofError> {
    let limit_ms = copy.limit.as_secs_f64() * 1_000.0;
    let mut measured = Measured { limit_ms, ..Measured::default() };
    let cold = match empty_cache(client).await? {
        true => run(client, statement).await?,
        false => Run::None,
    };
    if let Run::Ran { ms, .. } = &cold {
        measured.cold_ms = Some(*ms);
    }
    let started = Instant::now();
    let mut times = Vec::new();
    // The first run fills the cache and does not count, unless it takes so long that it must.
    for place in 0..=copy.runs.max(1) {
        match run(client, statement).await? {
            Run::Ran { ms, pages, indexes, plan } => {
                measured.plan = plan;
                measured.pages = pages;
                measured.indexes = indexes;
                let is_long = started.elapsed() > LONG;
                if place > 0 || is_long {
                    times.push(ms);
                }
                if is_long && times.len() >= 2 || started.elapsed() > LONG * 4 {
                    break;
                }
            }
            Run::TimedOut => return Ok(measured),
            Run::Failed(reason) => return Ok(Measured { failed: Some(reason), ..measured }),
            Run::None => {}
        }
    }
    times.sort_by(f64::total_cmp);
    measured.runs = times.len();
    measured.median_ms = times.get(times.len() / 2).copied();
    measured.spread_ms = times.first().zip(times.last()).map(|(low, high)| [*low, *high]);
    if let Some((rows, hash)) = answer(client, statement).await? {
        measured.rows = Some(rows);
        measured.hash = Some(hash);
    }
    Ok(measured)
}

enum Run {
    Ran { ms: f64, pages: f64, indexes: BTreeSet<String>, plan: Value },
    TimedOut,
    Failed(String),
    None,
}

/// Runs it once. Times of single nodes are not taken: reading the clock for each row slows some plans more
/// than others.
async fn run(client: &Client, statement: &Statement) -> Result<Run, ProofError> {
    let explain = "explain (analyze, buffers, verbose, timing off, format json)";
    let replies = match ask(client, explain, statement, |sql| sql.to_owned()).await? {
        Ok(replies) => replies,
        Err(refusal) => return Ok(refusal),
    };
    let Some(plan) = read(&replies) else {
        return Ok(Run::Failed("the server gave no plan".to_owned()));
    };
    let number = |path: &str| plan.pointer(path).and_then(Value::as_f64).unwrap_or_default();
    let pages = number("/0/Plan/Shared Hit Blocks") + number("/0/Plan/Shared Read Blocks");
    let ms = number("/0/Execution Time") + number("/0/Planning Time");
    Ok(Run::Ran { ms, pages, indexes: indexes(&plan), plan })
}

/// Reads a plan out of the server's replies.
fn read(replies: &[SimpleQueryMessage]) -> Option<Value> {
    let mut text = String::new();
    for reply in replies {
        if let SimpleQueryMessage::Row(row) = reply
            && row.columns().first().is_some_and(|it| it.name() == "QUERY PLAN")
        {
            text.push_str(row.get(0).unwrap_or_default());
        }
    }
    serde_json::from_str(&text).ok()
}

/// Asks for the number of rows and the sum of their hashes.
async fn answer(
    client: &Client,
    statement: &Statement,
) -> Result<Option<(i64, String)>, ProofError> {
    let wrapped = |sql: &str| {
        format!(
            "select count(*)::text, coalesce(sum(hashtextextended(answer::text, 0)::numeric), 0)::text
             from ({sql}\n) as answer"
        )
    };
    let Ok(replies) = ask(client, "", statement, wrapped).await? else { return Ok(None) };
    Ok(replies.iter().find_map(|reply| match reply {
        SimpleQueryMessage::Row(row) if row.len() == 2 => {
            Some((row.get(0)?.parse().ok()?, row.get(1)?.to_owned()))
        }
        _ => None,
    }))
}

/// Runs a statement with something before it and around it; its values are given by preparing it.
async fn ask(
    client: &Client,
    before: &str,
    statement: &Statement,
    around: impl Fn(&str) -> String,
) -> Result<Result<Vec<SimpleQueryMessage>, Run>, ProofError> {
    let sql = around(statement.sql.trim().trim_end_matches(';').trim_end());
    let text = if statement.parameters.is_empty() {
        format!("{before} {sql}\n")
    } else {
        let values: Vec<String> = statement.parameters.iter().map(|it| literal(it)).collect();
        format!(
            "prepare {PREPARED} as {sql}\n; {before} execute {PREPARED}({}); deallocate {PREPARED}",
            values.join(", ")
        )
    };
    let batch = format!("savepoint run; {text}; release savepoint run");
    match client.simple_query(&batch).await {
        Ok(replies) => Ok(Ok(replies)),
        Err(error) => {
            let Some(said) = error.as_db_error() else {
                return Err(doing("run a statement on the copy")(error));
            };
            let refusal = if *said.code() == SqlState::QUERY_CANCELED {
                Run::TimedOut
            } else {
                Run::Failed(crate::plans::describe(&error))
            };
            let undo = "rollback to savepoint run";
            client.batch_execute(undo).await.map_err(doing("go on after a refusal"))?;
            Ok(Err(refusal))
        }
    }
}

/// Empties the server's cache of this database, where it lets itself be emptied: by the login, whoever asks.
async fn empty_cache(client: &Client) -> Result<bool, ProofError> {
    let action = doing("empty the server's cache");
    let there = "
        select to_regprocedure('pg_buffercache_evict(integer)') is not null
            and pg_has_role(current_user, 'pg_monitor', 'usage')";
    client.batch_execute("savepoint cold; set local role none").await.map_err(&action)?;
    let is_there = client.query_one(there, &[]).await.map_err(&action)?.get::<_, bool>(0);
    if is_there {
        let evict = "select pg_buffercache_evict(bufferid) from pg_buffercache
            where reldatabase = (select oid from pg_database where datname = current_database())";
        client.batch_execute(evict).await.map_err(&action)?;
    }
    // The role is whose it was; what was emptied stays so.
    let back = "rollback to savepoint cold; release savepoint cold";
    client.batch_execute(back).await.map_err(action)?;
    Ok(is_there)
}

/// Says why nothing was measured cold, where nothing was.
pub(super) async fn cold_is_missing(client: &Client) -> Result<Option<String>, ProofError> {
    let there = "select to_regprocedure('pg_buffercache_evict(integer)') is not null";
    let row =
        client.query_one(there, &[]).await.map_err(doing("look whether a cache can be emptied"))?;
    Ok((!row.get::<_, bool>(0)).then(|| {
        "cold runs: the server's cache cannot be emptied here; on PostgreSQL 17 and newer create extension \
         pg_buffercache, before that restart the server between runs"
            .to_owned()
    }))
}
