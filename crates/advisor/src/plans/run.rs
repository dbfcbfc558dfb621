//! Has a server explain a statement: read-only, within a time box, and never a change.

use std::time::Duration;

use serde_json::Value;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::error::{doing, is_timeout};
use super::{ExplainError, Plan, read_value};

/// The name under which a statement with parameters is prepared.
const PREPARED: &str = "advisor_explained";

/// How a parameter is told that has no value, as `COPY` writes it.
const NO_VALUE: &str = "\\N";

/// What is to be explained, and how.
#[derive(Clone, Debug)]
pub struct ExplainRequest {
    /// The statement.
    pub sql: String,
    /// Whether it runs, so that numbers are measured.
    pub analyze: bool,
    /// How long it may take, and how long it may wait for locks.
    pub timeout: Duration,
    /// Values of its parameters, in their order, as text. Without any, a statement that has parameters
    /// is planned for all values alike.
    pub parameters: Vec<String>,
}

/// A plan, and how it came about.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The plan.
    pub plan: Plan,
    /// What the server answered.
    pub raw: Value,
    /// Whether the time box ran out, so that the plan has estimates where measures were asked for.
    pub timed_out: bool,
    /// Whether it is the plan for all values alike.
    pub is_generic: bool,
}

/// Explains a statement in a transaction of its own, which is rolled back.
///
/// # Errors
/// Refuses what is not one statement, and with `analyze` what would change anything.
pub async fn explain(client: &Client, request: &ExplainRequest) -> Result<Explained, ExplainError> {
    client.batch_execute("begin read only").await.map_err(doing("begin a transaction"))?;
    let outcome = explain_within(client, request).await;
    client.batch_execute("rollback").await.map_err(doing("end the transaction"))?;
    if outcome.is_err() {
        // What was prepared outlives the transaction, and could not be given up while that had failed.
        forget_prepared(client).await;
    }
    outcome
}

/// Explains a statement in the transaction that is open, as whom and with what it is bound to. The
/// transaction is made read-only and can go on afterwards, unless an error ended it.
///
/// A statement can still call functions that do more than read. Who must not do that needs a role
/// that may not.
///
/// # Errors
/// Refuses what is not one statement, and with `analyze` what would change anything.
pub async fn explain_within(
    client: &Client,
    request: &ExplainRequest,
) -> Result<Explained, ExplainError> {
    let is_for_all = request.parameters.is_empty();
    explain_as(client, request, is_for_all).await
}

/// Plans a statement for all values alike, in the transaction that is open: its values say only which parts of
/// a table it reads.
pub(crate) async fn explain_for_all(
    client: &Client,
    request: &ExplainRequest,
) -> Result<Explained, ExplainError> {
    explain_as(client, request, true).await
}

async fn explain_as(
    client: &Client,
    request: &ExplainRequest,
    is_for_all: bool,
) -> Result<Explained, ExplainError> {
    let sql = statement(&request.sql)?;
    enclose(client, request.timeout).await?;
    let target = Target::prepare(client, sql, request, is_for_all).await?;
    let outcome = explain_target(client, &target, request).await;
    target.forget(client).await;
    outcome
}

async fn explain_target(
    client: &Client,
    target: &Target<'_>,
    request: &ExplainRequest,
) -> Result<Explained, ExplainError> {
    let estimate = "explain (verbose, settings, format json)";
    let raw = ask(client, estimate, target, request.timeout).await?;
    let plan = read_value(raw.clone())?;
    let planned = Explained { plan, raw, timed_out: false, is_generic: target.is_generic };
    if !request.analyze {
        return Ok(planned);
    }
    if target.is_generic {
        let wanted = target.parameters;
        return Err(ExplainError::WrongParameters { wanted, given: request.parameters.len() });
    }
    refuse_changes(&planned.plan)?;
    client.batch_execute("savepoint analysing").await.map_err(doing("mark the place"))?;
    let measure = "explain (analyze, buffers, verbose, settings, format json)";
    let outcome = ask(client, measure, target, request.timeout).await;
    let undo = "rollback to savepoint analysing";
    match outcome {
        Ok(raw) => Ok(Explained { plan: read_value(raw.clone())?, raw, ..planned }),
        Err(ExplainError::PlanningTooLong { .. }) => {
            client.batch_execute(undo).await.map_err(doing("go on after the time box"))?;
            Ok(Explained { timed_out: true, ..planned })
        }
        Err(error) => {
            client.batch_execute(undo).await.map_err(doing("go on after a refusal"))?;
            Err(error)
        }
    }
}

/// Looks at the text before the server does, to say better what is wrong with it.
fn statement(sql: &str) -> Result<&str, ExplainError> {
    let sql = sql.trim().trim_end_matches(';').trim_end();
    let first = sql.split(|next: char| !next.is_alphabetic()).next().unwrap_or_default();
    if sql.is_empty() {
        Err(ExplainError::Empty)
    } else if first.eq_ignore_ascii_case("explain") {
        Err(ExplainError::IsExplain)
    } else {
        Ok(sql)
    }
}

/// Makes the transaction read-only and bounds what happens in it.
async fn enclose(client: &Client, timeout: Duration) -> Result<(), ExplainError> {
    let limit = timeout.as_millis().clamp(1, 86_400_000);
    // Half the time at most goes into waiting for a lock, so that one that waits is told from a slow one.
    let wait = (limit / 2).clamp(1, 5_000);
    let idle = limit + 60_000;
    client
        .batch_execute(&format!(
            "set transaction read only;
             set local statement_timeout = {limit};
             set local lock_timeout = {wait};
             set local idle_in_transaction_session_timeout = {idle}"
        ))
        .await
        .map_err(doing("enclose the statement"))?;
    // The first query ends the time in which the transaction could be made to write again.
    client.batch_execute("select 1").await.map_err(doing("enclose the statement"))
}

/// What is explained: the statement, or a prepared one with values.
struct Target<'s> {
    text: String,
    sql: &'s str,
    parameters: usize,
    is_generic: bool,
    is_prepared: bool,
}

impl<'s> Target<'s> {
    async fn prepare(
        client: &Client,
        sql: &'s str,
        request: &ExplainRequest,
        is_for_all: bool,
    ) -> Result<Self, ExplainError> {
        // The server's own parser says whether it is one statement, and how many parameters it has.
        let parsed = client.prepare(sql).await.map_err(|error| refusal(error, request.timeout))?;
        let (wanted, given) = (parsed.params().len(), request.parameters.len());
        drop(parsed);
        let is_generic = wanted > 0 && is_for_all;
        if wanted != given && (!is_generic || given > 0) {
            return Err(ExplainError::WrongParameters { wanted, given });
        }
        let mut target =
            Self { text: sql.to_owned(), sql, parameters: wanted, is_generic, is_prepared: false };
        if wanted > 0 {
            target.prepare_by_name(client, request).await?;
        }
        Ok(target)
    }

    /// Prepares the statement, because only a prepared one takes values, or none at all, on every
    /// version of the server.
    async fn prepare_by_name(
        &mut self,
        client: &Client,
        request: &ExplainRequest,
    ) -> Result<(), ExplainError> {
        let mode = if self.is_generic { "force_generic_plan" } else { "force_custom_plan" };
        client
            .batch_execute(&format!("set local plan_cache_mode = {mode}"))
            .await
            .map_err(doing("choose the kind of plan"))?;
        // One statement alone: the protocol refuses a second here as well.
        client
            .execute(&format!("prepare {PREPARED} as {}", self.sql), &[])
            .await
            .map_err(|error| refusal(error, request.timeout))?;
        let values: Vec<String> = if request.parameters.is_empty() {
            vec!["null".to_owned(); self.parameters]
        } else {
            request.parameters.iter().map(|value| literal(value)).collect()
        };
        self.text = format!("execute {PREPARED}({})", values.join(", "));
        self.is_prepared = true;
        Ok(())
    }

    /// Prepared statements outlive transactions.
    async fn forget(&self, client: &Client) {
        if self.is_prepared {
            forget_prepared(client).await;
        }
    }
}

/// Gives the prepared statement up. There may be none, or the transaction may have failed: both are known
/// to who asked.
async fn forget_prepared(client: &Client) {
    let _ = client.batch_execute(&format!("deallocate {PREPARED}")).await;
}

/// Writes a value so that the server reads the same, whatever its settings for strings.
pub(crate) fn literal(value: &str) -> String {
    if value == NO_VALUE {
        return "null".to_owned();
    }
    let doubled = value.replace('\'', "''");
    if doubled.contains('\\') {
        format!("e'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

async fn ask(
    client: &Client,
    explain: &str,
    target: &Target<'_>,
    timeout: Duration,
) -> Result<Value, ExplainError> {
    // Prepared, so that the server takes one statement and no more.
    let refused = |error| match not_explainable(&error) {
        Some(reason) => ExplainError::NotExplainable(reason),
        None => refusal(error, timeout),
    };
    let statement = client.prepare(&format!("{explain} {}", target.text)).await.map_err(refused)?;
    let row = client.query_one(&statement, &[]).await.map_err(|error| refusal(error, timeout))?;
    row.try_get(0).map_err(doing("read the plan"))
}

/// The text was parsed before, so a syntax error behind `explain` means a statement without a plan.
fn not_explainable(error: &tokio_postgres::Error) -> Option<String> {
    let said = error.as_db_error()?;
    (*said.code() == SqlState::SYNTAX_ERROR).then(|| said.message().to_owned())
}

fn refusal(error: tokio_postgres::Error, timeout: Duration) -> ExplainError {
    let said = error.as_db_error().map(|said| (said.code().clone(), said.message().to_owned()));
    match said {
        Some((code, text))
            if code == SqlState::SYNTAX_ERROR && text.contains("multiple commands") =>
        {
            ExplainError::ManyStatements
        }
        Some((code, _)) if code == SqlState::LOCK_NOT_AVAILABLE => {
            ExplainError::Locked { waited: (timeout / 2).min(Duration::from_secs(5)) }
        }
        _ if is_timeout(&error) => ExplainError::PlanningTooLong { limit: timeout },
        _ => ExplainError::Refused(error),
    }
}

/// Refuses plans that write or lock, which only shows in the plan: a rule or a WITH can hide it.
fn refuse_changes(plan: &Plan) -> Result<(), ExplainError> {
    match plan.nodes.iter().find(|node| node.kind == "ModifyTable" || node.kind == "LockRows") {
        Some(node) => Err(ExplainError::WouldChange(node.title())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_server_reads_them() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\b'"), "e'a\\\\b'''");
        assert_eq!(literal("\\N"), "null");
    }

    #[test]
    fn the_text_is_looked_at_first() {
        assert!(matches!(statement(" ; "), Err(ExplainError::Empty)));
        assert!(matches!(statement("EXPLAIN select 1"), Err(ExplainError::IsExplain)));
        assert_eq!(statement("select 1;\n").unwrap(), "select 1");
    }
}
