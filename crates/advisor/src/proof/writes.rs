//! What new indexes cost whoever inserts: some rows are taken out and put back, with them and without.

use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::Client;

use super::ProofError;
use super::build::Bench;
use super::error::doing;
use crate::plans::describe;

/// How many rows are put back.
const ROWS: i64 = 5_000;

/// How often.
const RUNS: usize = 3;

/// What inserting costs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Writes {
    /// The table.
    pub table: String,
    /// How many rows were inserted.
    pub rows: i64,
    /// How long that took without the new indexes: the middle of some runs.
    pub before_ms: f64,
    /// With them.
    pub after_ms: f64,
}

impl Writes {
    /// Returns how many times longer inserting takes.
    pub fn slower(&self) -> f64 {
        self.after_ms / self.before_ms.max(0.001)
    }
}

/// Measures inserts with the new indexes, and without them; or says why they could not be measured.
pub(super) async fn measure(
    client: &Client,
    bench: &Bench<'_>,
    table: &str,
) -> Result<Result<Writes, String>, ProofError> {
    let columns = columns(client, table).await?;
    let (mut with, mut without, mut rows) = (Vec::new(), Vec::new(), 0);
    for _ in 0..RUNS {
        match inserted(client, table, &columns, &[]).await? {
            Ok((ms, count)) => {
                with.push(ms);
                rows = count;
            }
            Err(reason) => return Ok(Err(format!("inserts into {table}: {reason}"))),
        }
        match inserted(client, table, &columns, &bench.names(table)).await? {
            Ok((ms, _)) => without.push(ms),
            Err(reason) => return Ok(Err(format!("inserts into {table}: {reason}"))),
        }
    }
    let middle = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    let table = table.to_owned();
    Ok(Ok(Writes { table, rows, before_ms: middle(without), after_ms: middle(with) }))
}

/// Names the columns that can be written.
async fn columns(client: &Client, table: &str) -> Result<String, ProofError> {
    let row = client
        .query_one(
            "select string_agg(quote_ident(attname), ', ' order by attnum)
             from pg_attribute
             where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
                 and attgenerated = ''",
            &[&table],
        )
        .await;
    Ok(row
        .map_err(doing("name a table's columns"))?
        .get::<_, Option<String>>(0)
        .unwrap_or_default())
}

/// Takes rows out and puts them back, in a transaction that is rolled back.
async fn inserted(
    client: &Client,
    table: &str,
    columns: &str,
    without: &[String],
) -> Result<Result<(f64, i64), String>, ProofError> {
    client.batch_execute("begin").await.map_err(doing("begin to measure inserts"))?;
    let outcome = put_back(client, table, columns, without).await;
    client.batch_execute("rollback").await.map_err(doing("undo measured inserts"))?;
    match outcome {
        Ok(measured) => Ok(Ok(measured)),
        Err(error) if error.as_db_error().is_some() => Ok(Err(describe(&error))),
        Err(error) => Err(doing("measure inserts")(error)),
    }
}

async fn put_back(
    client: &Client,
    table: &str,
    columns: &str,
    without: &[String],
) -> Result<(f64, i64), tokio_postgres::Error> {
    for index in without {
        client.batch_execute(&format!("drop index {index}")).await?;
    }
    // References of others to these rows are not the matter here; only a superuser can put them aside.
    let aside = "
        select set_config('session_replication_role', 'replica', true)
        where has_parameter_privilege('session_replication_role', 'set')";
    if client
        .batch_execute(&format!("savepoint aside; {aside}; release savepoint aside"))
        .await
        .is_err()
    {
        client.batch_execute("rollback to savepoint aside").await?;
    }
    client
        .batch_execute(&format!(
            "create temp table advisor_taken on commit drop as select {columns} from {table} limit 0"
        ))
        .await?;
    let take = format!(
        "with taken as (
             delete from {table}
             where (tableoid, ctid) in (select tableoid, ctid from {table} limit {ROWS})
             returning {columns})
         insert into advisor_taken select {columns} from taken"
    );
    let rows = client.execute(&take, &[]).await?;
    let started = Instant::now();
    let put = format!(
        "insert into {table} ({columns}) overriding system value select {columns} from advisor_taken"
    );
    client.execute(&put, &[]).await?;
    Ok((started.elapsed().as_secs_f64() * 1_000.0, i64::try_from(rows).unwrap_or(i64::MAX)))
}
