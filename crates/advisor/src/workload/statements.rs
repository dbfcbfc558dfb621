//! Reads `pg_stat_statements`, as each version has it, or says what keeps it from being read.

use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use super::WorkloadError;
use super::typed::with_casts;

/// A statement with what the server counted for it.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Statement {
    /// The server's identifier of it.
    pub query_id: i64,
    /// Its text, with `$1` in place of values.
    pub text: String,
    /// How often it ran.
    pub calls: i64,
    /// How long that took.
    pub total_ms: f64,
    /// How long it takes on average.
    pub mean_ms: f64,
    /// How long the longest run took.
    pub max_ms: f64,
    /// How many rows it gave or changed.
    pub rows: i64,
    /// Pages that were in the server's cache.
    pub hit_pages: i64,
    /// Pages that were not.
    pub read_pages: i64,
    /// Pages of temporary files that were read or written.
    pub temp_pages: i64,
    /// How long reading and writing pages took, where the server keeps it.
    pub io_ms: f64,
}

/// All statements, and since when they are counted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Statistics {
    /// The statements of this database.
    pub statements: Vec<Statement>,
    /// How many seconds ago the server began to count.
    pub counted_seconds: Option<f64>,
}

/// What a look at the statistics gave.
#[derive(Clone, Debug)]
pub enum Reading {
    /// They are there.
    Ready(Statistics),
    /// They are not.
    Missing(Missing),
}

/// What keeps the statistics from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The server's installation does not have the library.
    NotInstalled,
    /// The server has it and did not load it when it started.
    NotLoaded,
    /// It is loaded, and this database does not have the extension.
    NotCreated,
    /// This login may not see others' statements.
    NotPermitted,
}

impl Missing {
    /// Says what is missing.
    pub const fn what(self) -> &'static str {
        match self {
            Self::NotInstalled => "the server does not have pg_stat_statements installed",
            Self::NotLoaded => "the server did not load pg_stat_statements when it started",
            Self::NotCreated => "pg_stat_statements counts, and this database cannot show it",
            Self::NotPermitted => "this login may not see what other logins run",
        }
    }

    /// Says how to mend it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NotInstalled => {
                "install PostgreSQL's contrib modules (on Debian they come with the server's package)"
            }
            Self::NotLoaded => {
                "add pg_stat_statements to shared_preload_libraries, restart the server, then as a \
                 superuser: create extension pg_stat_statements"
            }
            Self::NotCreated => "as a superuser: create extension pg_stat_statements",
            Self::NotPermitted => "as a superuser: grant pg_read_all_stats to this login",
        }
    }
}

const STATE: &str = "
    select
        (select format('%I', nspname)
         from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
         where extname = 'pg_stat_statements'),
        -- Its settings are there with the library only; who may not read the list can tell by them.
        current_setting('pg_stat_statements.max', true) is not null,
        exists (select from pg_available_extensions where name = 'pg_stat_statements'),
        pg_has_role(current_user, 'pg_read_all_stats', 'usage')";

/// Reads what the server counted for the statements of this database. Nested statements count with those
/// that call them.
///
/// # Errors
/// Fails when the server does.
pub async fn read_statistics(client: &Client) -> Result<Reading, WorkloadError> {
    let action = |source| WorkloadError::Server { action: "read pg_stat_statements", source };
    let state = client.query_one(STATE, &[]).await.map_err(action)?;
    let schema: Option<String> = state.get(0);
    let (is_loaded, is_available, may_see): (bool, bool, bool) =
        (state.get(1), state.get(2), state.get(3));
    let schema = match schema {
        Some(schema) if is_loaded => schema,
        _ if !is_available => return Ok(Reading::Missing(Missing::NotInstalled)),
        _ if !is_loaded => return Ok(Reading::Missing(Missing::NotLoaded)),
        _ => return Ok(Reading::Missing(Missing::NotCreated)),
    };
    if !may_see {
        return Ok(Reading::Missing(Missing::NotPermitted));
    }
    let io = io_columns(client, &schema).await.map_err(action)?;
    let rows = client.query(&statements_sql(&schema, &io), &[]).await.map_err(action)?;
    let since = format!(
        "select extract(epoch from now() - stats_reset)::float8 from {schema}.pg_stat_statements_info"
    );
    let since = client.query_opt(&since, &[]).await.map_err(action)?;
    Ok(Reading::Ready(Statistics {
        statements: rows.iter().map(statement).collect(),
        counted_seconds: since.and_then(|row| row.get(0)),
    }))
}

/// How often the server counted a statement.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Counted {
    /// How often it ran.
    pub calls: i64,
    /// How long it takes on average.
    pub mean_ms: f64,
}

/// Asks how often a statement ran, by the server's identifier; nothing where that is not counted, or not
/// shown to this login.
pub(crate) async fn counted(
    client: &Client,
    query_id: i64,
) -> Result<Option<Counted>, tokio_postgres::Error> {
    let state = client.query_one(STATE, &[]).await?;
    let (schema, is_loaded): (Option<String>, bool) = (state.get(0), state.get(1));
    let Some(schema) = schema.filter(|_| is_loaded) else { return Ok(None) };
    // Without the texts, which are kept in a file.
    let sql = format!(
        "select sum(calls)::bigint, sum(total_exec_time) / greatest(sum(calls), 1)::float8
         from {schema}.pg_stat_statements(false)
         where queryid = $1
             and dbid = (select oid from pg_database where datname = current_database())
             and toplevel"
    );
    let row = client.query_one(&sql, &[&query_id]).await?;
    let calls: Option<i64> = row.get(0);
    Ok(calls.map(|calls| Counted { calls, mean_ms: row.get(1) }))
}

/// Whether a text has a `?` in the place of values, as a log's statements are kept, and not as an operator: the
/// server does not understand it then.
///
/// # Errors
/// Fails when the server does.
pub async fn has_placeholders(client: &Client, sql: &str) -> Result<bool, WorkloadError> {
    if !sql.contains('?') {
        return Ok(false);
    }
    let not_understood = [SqlState::SYNTAX_ERROR, SqlState::UNDEFINED_FUNCTION];
    match client.prepare(sql).await {
        Ok(_) => Ok(false),
        Err(error) => match error.code() {
            Some(code) => Ok(not_understood.contains(code)),
            None => Err(WorkloadError::Server {
                action: "look whether a statement has values",
                source: error,
            }),
        },
    }
}

/// Names the columns that hold times of reading and writing: version 17 has them apart for local tables.
async fn io_columns(client: &Client, schema: &str) -> Result<String, tokio_postgres::Error> {
    let row = client
        .query_one(
            "select coalesce(string_agg(format('%I', attname), ' + '), '0')
             from pg_attribute
             where attrelid = to_regclass($1)
                 and attname = any ('{blk_read_time,blk_write_time,shared_blk_read_time,
                     shared_blk_write_time,local_blk_read_time,local_blk_write_time}')",
            &[&format!("{schema}.pg_stat_statements")],
        )
        .await?;
    Ok(row.get(0))
}

fn statements_sql(schema: &str, io: &str) -> String {
    format!(
        "select queryid, min(query), sum(calls)::bigint, sum(total_exec_time),
             sum(total_exec_time) / greatest(sum(calls), 1)::float8, max(max_exec_time),
             sum(rows)::bigint, sum(shared_blks_hit + local_blks_hit)::bigint,
             sum(shared_blks_read + local_blks_read)::bigint,
             sum(temp_blks_read + temp_blks_written)::bigint, sum({io})::float8
         from {schema}.pg_stat_statements
         where dbid = (select oid from pg_database where datname = current_database())
             and queryid is not null
             and toplevel
         group by queryid
         order by sum(total_exec_time) desc"
    )
}

fn statement(row: &Row) -> Statement {
    Statement {
        query_id: row.get(0),
        text: with_casts(row.get::<_, Option<&str>>(1).unwrap_or_default()),
        calls: row.get(2),
        total_ms: row.get(3),
        mean_ms: row.get(4),
        max_ms: row.get(5),
        rows: row.get(6),
        hit_pages: row.get(7),
        read_pages: row.get(8),
        temp_pages: row.get(9),
        io_ms: row.get(10),
    }
}
