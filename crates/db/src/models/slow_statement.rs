//! `shelfops_statistics.slow_statements`: what was slow, and what became of it.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::timestamp;
use crate::error::doing;
use crate::{DbError, OperatorTx};

/// What became of a slow statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlowState {
    /// Nothing yet.
    Open,
    /// Its plan was looked at, and advice was given.
    Advised,
    /// It ran again, and was fast.
    Fixed,
    /// Somebody said why it may be slow.
    Muted,
}

impl SlowState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Advised, Self::Fixed, Self::Muted];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Advised => "advised",
            Self::Fixed => "fixed",
            Self::Muted => "muted",
        }
    }

    fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.name() == name).unwrap_or(Self::Open)
    }
}

/// A statement that was slow.
#[derive(Clone, Debug)]
pub struct SlowStatement {
    /// Its name: the server's identifier, or a fingerprint of one that only a log knows.
    pub statement_id: String,
    /// Its text, without values.
    pub statement: String,
    /// What became of it.
    pub state: SlowState,
    /// Its slowest run.
    pub max_ms: f64,
    /// What it takes on average.
    pub mean_ms: f64,
    /// How often it ran.
    pub calls: i64,
    /// When it was first seen to be slow.
    pub first_seen_at: Option<Timestamp>,
    /// When it was last looked at.
    pub last_seen_at: Option<Timestamp>,
    /// What was advised, or why it is muted.
    pub reason: Option<String>,
    /// Who said so.
    pub decided_by: Option<String>,
}

/// A statement as it is seen now.
#[derive(Clone, Debug)]
pub struct SeenStatement {
    /// Its name.
    pub statement_id: String,
    /// Its text, without values.
    pub statement: String,
    /// What has become of it.
    pub state: SlowState,
    /// Its slowest run.
    pub max_ms: f64,
    /// What it takes on average.
    pub mean_ms: f64,
    /// How often it ran.
    pub calls: i64,
}

/// Who decided what about a slow statement, and why.
#[derive(Clone, Copy, Debug)]
pub struct Deciding<'d> {
    /// What becomes of it.
    pub state: SlowState,
    /// Why.
    pub reason: &'d str,
    /// Who says so.
    pub by: &'d str,
}

const COLUMNS: &str = "statement_id, statement, state, max_ms, mean_ms, calls, first_seen_at,
    last_seen_at, reason, decided_by";

impl OperatorTx {
    /// Returns every statement that was slow, the slowest first.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn slow_statements(&self) -> Result<Vec<SlowStatement>, DbError> {
        let sql = format!(
            "select {COLUMNS} from shelfops_statistics.slow_statements
             order by max_ms desc, statement_id"
        );
        let rows = self.query(&sql, &[]).await.map_err(doing("list the slow statements"))?;
        Ok(rows.iter().map(slow).collect())
    }

    /// Returns a slow statement.
    ///
    /// # Errors
    /// Says how to find one, when there is none of that name.
    pub async fn slow_statement(&self, statement_id: &str) -> Result<SlowStatement, DbError> {
        let sql = format!(
            "select {COLUMNS} from shelfops_statistics.slow_statements where statement_id = $1"
        );
        let row = self
            .query_opt(&sql, &[&statement_id])
            .await
            .map_err(doing("look for a slow statement"))?;
        row.as_ref().map(slow).ok_or_else(|| unknown(statement_id))
    }

    /// Keeps how slow statements are seen now. The worst that was ever seen stays, and so do reasons.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn see_slow_statements(&self, seen: &[SeenStatement]) -> Result<(), DbError> {
        for each in seen {
            self.execute(
                "insert into shelfops_statistics.slow_statements as known
                     (statement_id, statement, state, max_ms, mean_ms, calls)
                 -- Looked at before the conflict is: whoever mutes says why, and that is known already.
                 values ($1, $2, case $3 when 'muted' then 'open' else $3 end, $4, $5, $6)
                 on conflict (statement_id) do update
                 set
                     state = case known.state when 'muted' then 'muted' else excluded.state end,
                     max_ms = greatest(known.max_ms, excluded.max_ms),
                     mean_ms = excluded.mean_ms,
                     calls = excluded.calls,
                     -- A log's is written without numbers for its values, and cannot be asked again.
                     statement = case
                         when position('?' in excluded.statement) > 0
                             and position('$' in excluded.statement) = 0 then known.statement
                         else excluded.statement
                     end,
                     last_seen_at = now()",
                &[
                    &each.statement_id,
                    &each.statement,
                    &each.state.name(),
                    &each.max_ms,
                    &each.mean_ms,
                    &each.calls,
                ],
            )
            .await
            .map_err(doing("keep a slow statement"))?;
        }
        Ok(())
    }

    /// Decides about a slow statement.
    ///
    /// # Errors
    /// Says how to find one, when there is none of that name.
    pub async fn decide_slow_statement(
        &self,
        statement_id: &str,
        deciding: Deciding<'_>,
    ) -> Result<SlowStatement, DbError> {
        let sql = format!(
            "update shelfops_statistics.slow_statements
             set state = $2, reason = $3, decided_by = $4, decided_at = now()
             where statement_id = $1
             returning {COLUMNS}"
        );
        let (state, reason, by) = (deciding.state.name(), deciding.reason, deciding.by);
        let row = self
            .query_opt(&sql, &[&statement_id, &state, &reason, &by])
            .await
            .map_err(doing("decide about a slow statement"))?;
        row.as_ref().map(slow).ok_or_else(|| unknown(statement_id))
    }
}

fn unknown(statement_id: &str) -> DbError {
    DbError::NotFound(format!(
        "no slow statement '{statement_id}' is known; `shelfops query top` lists them"
    ))
}

fn slow(row: &Row) -> SlowStatement {
    SlowStatement {
        statement_id: row.get(0),
        statement: row.get(1),
        state: SlowState::of(row.get(2)),
        max_ms: row.get(3),
        mean_ms: row.get(4),
        calls: row.get(5),
        first_seen_at: timestamp(row.get(6)),
        last_seen_at: timestamp(row.get(7)),
        reason: row.get(8),
        decided_by: row.get(9),
    }
}
