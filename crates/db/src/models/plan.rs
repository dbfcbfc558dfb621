//! `shelfops.plans`: changes that are written down, approved and made once.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;

use super::timestamp;
use crate::error::doing;
use crate::{DbError, OperatorTx};

/// Who decides where nobody has to.
pub const POLICY: &str = "policy";

/// What a plan runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanRuns {
    /// Its statements, as they stand.
    Statements,
    /// Migrations, by their runner, upwards.
    MigrationsUp,
    /// Migrations, by their runner, downwards.
    MigrationsDown,
}

impl PlanRuns {
    const ALL: [Self; 3] = [Self::Statements, Self::MigrationsUp, Self::MigrationsDown];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Statements => "statements",
            Self::MigrationsUp => "migrations-up",
            Self::MigrationsDown => "migrations-down",
        }
    }
}

/// A step of a plan that is to be.
#[derive(Clone, Debug)]
pub struct NewPlanStep {
    /// The exact statement.
    pub statement: String,
    /// `light`, `heavy` or `destroys`.
    pub weight: &'static str,
    /// Whether it runs by itself, outside a transaction.
    pub is_alone: bool,
    /// The tables it locks.
    pub locks: Value,
}

/// A plan that is to be.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// What made it, such as `migrate-up`.
    pub kind: &'static str,
    /// What it is about, in a line.
    pub title: String,
    /// `development`, `staging` or `production`.
    pub environment: &'static str,
    /// `additive`, `heavy` or `destructive`.
    pub effect: &'static str,
    /// What it runs.
    pub runs: PlanRuns,
    /// Rows, chunks and bytes that it touches.
    pub touches: Value,
    /// How it is taken back.
    pub reversal: String,
    /// A hash of the schema that it was written for.
    pub schema_fingerprint: String,
    /// Who made it.
    pub created_by: String,
    /// How long it may be applied.
    pub lifetime: Duration,
    /// Whether policy asks nobody.
    pub is_automatic: bool,
    /// Its steps, in order.
    pub steps: Vec<NewPlanStep>,
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanStep {
    /// Which one, from one.
    pub position: i32,
    /// The exact statement.
    pub statement: String,
    /// `light`, `heavy` or `destroys`.
    pub weight: String,
    /// Whether it runs by itself, outside a transaction.
    pub is_alone: bool,
    /// The tables it locks.
    pub locks: Value,
    /// When it was done.
    pub finished_at: Option<Timestamp>,
    /// How long that took.
    pub duration_ms: Option<i64>,
}

/// Something that somebody did with a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanEvent {
    /// What: `proposed`, `approved`, `rejected`, `refused`, `applying`, `applied`, `failed`.
    pub event: String,
    /// Who.
    pub principal: String,
    /// Why, or what came of it.
    pub detail: Option<String>,
    /// When.
    pub occurred_at: Option<Timestamp>,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Its number.
    pub plan_id: i64,
    /// What made it.
    pub kind: String,
    /// What it is about.
    pub title: String,
    /// For which environment it was made.
    pub environment: String,
    /// `additive`, `heavy` or `destructive`.
    pub effect: String,
    /// What it runs.
    pub runs: String,
    /// Rows, chunks and bytes that it touches.
    pub touches: Value,
    /// How it is taken back.
    pub reversal: String,
    /// A hash of the schema that it was written for.
    pub schema_fingerprint: String,
    /// A hash of what it does.
    pub content_hash: String,
    /// `proposed`, `approved`, `rejected`, `applying`, `applied`, `failed`; `expired` once it is too old.
    pub state: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Option<Timestamp>,
    /// Until when it may be applied.
    pub expires_at: Option<Timestamp>,
    /// Who approved or rejected it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub decision_reason: Option<String>,
    /// Who applied it.
    pub applied_by: Option<String>,
    /// When that was done.
    pub finished_at: Option<Timestamp>,
    /// What came of it.
    pub result: Option<Value>,
    /// Its steps, where it was asked for alone.
    pub steps: Vec<PlanStep>,
    /// What was done with it, where it was asked for alone.
    pub events: Vec<PlanEvent>,
}

/// What somebody decides about a plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanDecision<'d> {
    /// Whether it may be applied.
    pub approves: bool,
    /// Who says so.
    pub by: &'d str,
    /// Why.
    pub reason: Option<&'d str>,
}

const COLUMNS: &str = "plan_id, kind, title, environment, effect, runs, touches, reversal,
    schema_fingerprint, content_hash,
    case when state in ('proposed', 'approved') and expires_at <= now() then 'expired' else state end as state_now,
    created_by, created_at, expires_at, decided_by, decided_at, decision_reason, applied_by,
    finished_at, result";

impl Plan {
    /// Returns the hash of what the plan does now: the same as when it was made, or somebody changed it.
    pub fn hash(&self) -> String {
        let steps = self.steps.iter().map(|step| (step.statement.as_str(), step.is_alone));
        content_hash(
            [&self.kind, &self.environment, &self.effect, &self.runs, &self.schema_fingerprint],
            steps,
        )
    }

    pub(crate) fn runs(&self) -> PlanRuns {
        let known = PlanRuns::ALL.into_iter().find(|runs| runs.name() == self.runs);
        known.unwrap_or(PlanRuns::Statements)
    }
}

/// Hashes what a plan does. Each text is preceded by its length, so that no two lists are alike.
fn content_hash<'t>(about: [&str; 5], steps: impl Iterator<Item = (&'t str, bool)>) -> String {
    let mut hasher = Sha256::new();
    let mut take = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    about.into_iter().for_each(&mut take);
    for (statement, is_alone) in steps {
        take(statement);
        take(if is_alone { "alone" } else { "together" });
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl OperatorTx {
    /// Whether there is a place for plans: a schema that is older has none.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn has_plans(&self) -> Result<bool, DbError> {
        let row = self
            .query_opt("select to_regclass('shelfops.plans') is not null", &[])
            .await
            .map_err(doing("look for plans"))?;
        Ok(row.is_some_and(|row| row.get(0)))
    }

    /// Keeps a plan, and returns it with its number.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn add_plan(&self, new: &NewPlan) -> Result<Plan, DbError> {
        let action = doing("keep a plan");
        let about =
            [new.kind, new.environment, new.effect, new.runs.name(), &new.schema_fingerprint];
        let steps = new.steps.iter().map(|step| (step.statement.as_str(), step.is_alone));
        let hash = content_hash(about, steps);
        let lifetime = new.lifetime.as_secs_f64();
        let row = self
            .query_opt(
                "insert into shelfops.plans
                     (kind, title, environment, effect, runs, touches, reversal, schema_fingerprint,
                      content_hash, created_by, expires_at, state, decided_by, decided_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + make_interval(secs => $11),
                     case when $12 then 'approved' else 'proposed' end,
                     case when $12 then $13 end, case when $12 then now() end)
                 returning plan_id",
                &[
                    &new.kind,
                    &new.title,
                    &new.environment,
                    &new.effect,
                    &new.runs.name(),
                    &new.touches,
                    &new.reversal,
                    &new.schema_fingerprint,
                    &hash,
                    &new.created_by,
                    &lifetime,
                    &new.is_automatic,
                    &POLICY,
                ],
            )
            .await
            .map_err(&action)?;
        let plan_id: i64 = row.map_or(0, |row| row.get(0));
        for (position, step) in (1_i32..).zip(&new.steps) {
            self.execute(
                "insert into shelfops.plan_steps
                     (plan_id, position, statement, weight, is_alone, locks)
                 values ($1, $2, $3, $4, $5, $6)",
                &[&plan_id, &position, &step.statement, &step.weight, &step.is_alone, &step.locks],
            )
            .await
            .map_err(&action)?;
        }
        self.add_plan_event(plan_id, ("proposed", &new.created_by), None).await?;
        if new.is_automatic {
            let why = "its class is automatic in this environment";
            self.add_plan_event(plan_id, ("approved", POLICY), Some(why)).await?;
        }
        self.plan(plan_id).await
    }

    /// Remembers what somebody did with a plan.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn add_plan_event(
        &self,
        plan_id: i64,
        (event, principal): (&str, &str),
        detail: Option<&str>,
    ) -> Result<(), DbError> {
        self.execute(
            "insert into shelfops.plan_events (plan_id, event, principal, detail)
             values ($1, $2, $3, $4)",
            &[&plan_id, &event, &principal, &detail],
        )
        .await
        .map_err(doing("write what was done with a plan"))?;
        Ok(())
    }

    /// Lists plans, newest first, without their steps; only those in a state where one is named.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn plans(&self, state: Option<&str>, limit: i64) -> Result<Vec<Plan>, DbError> {
        let sql = format!(
            "with plan as (select {COLUMNS} from shelfops.plans)
             select * from plan
             where $1::text is null or plan.state_now = $1
             order by plan_id desc limit $2"
        );
        let rows = self.query(&sql, &[&state, &limit]).await.map_err(doing("list the plans"))?;
        Ok(rows.iter().map(plan).collect())
    }

    /// Returns a plan with its steps and what was done with it.
    ///
    /// # Errors
    /// Says how to find one, when there is none of that number.
    pub async fn plan(&self, plan_id: i64) -> Result<Plan, DbError> {
        let action = doing("look for a plan");
        let sql = format!("select {COLUMNS} from shelfops.plans where plan_id = $1");
        let row = self.query_opt(&sql, &[&plan_id]).await.map_err(&action)?;
        let mut found = row.as_ref().map(plan).ok_or_else(|| unknown(plan_id))?;
        let steps = self
            .query(
                "select position, statement, weight, is_alone, locks, finished_at, duration_ms
                 from shelfops.plan_steps where plan_id = $1 order by position",
                &[&plan_id],
            )
            .await
            .map_err(&action)?;
        let events = self
            .query(
                "select event, principal, detail, occurred_at
                 from shelfops.plan_events where plan_id = $1 order by plan_event_id",
                &[&plan_id],
            )
            .await
            .map_err(&action)?;
        found.steps = steps.iter().map(step).collect();
        found.events = events
            .iter()
            .map(|row| PlanEvent {
                event: row.get(0),
                principal: row.get(1),
                detail: row.get(2),
                occurred_at: timestamp(row.get(3)),
            })
            .collect();
        Ok(found)
    }

    /// Approves or rejects a plan that waits for it. A plan that is approved can still be rejected.
    ///
    /// # Errors
    /// Refuses one that is decided, applied or too old, and one that is not what was proposed.
    pub async fn decide_plan(
        &self,
        plan_id: i64,
        decision: PlanDecision<'_>,
    ) -> Result<Plan, DbError> {
        let action = doing("decide about a plan");
        self.query_opt("select from shelfops.plans where plan_id = $1 for update", &[&plan_id])
            .await
            .map_err(&action)?;
        let found = self.plan(plan_id).await?;
        let is_open = match found.state.as_str() {
            "proposed" => true,
            "approved" => !decision.approves,
            _ => false,
        };
        if !is_open {
            return Err(DbError::PlanConflict(format!(
                "plan {plan_id} is {}: nobody can decide about it any more",
                found.state
            )));
        }
        if found.hash() != found.content_hash {
            return Err(changed(plan_id));
        }
        let state = if decision.approves { "approved" } else { "rejected" };
        self.execute(
            "update shelfops.plans
             set state = $2, decided_by = $3, decided_at = now(), decision_reason = $4
             where plan_id = $1",
            &[&plan_id, &state, &decision.by, &decision.reason],
        )
        .await
        .map_err(&action)?;
        self.add_plan_event(plan_id, (state, decision.by), decision.reason).await?;
        self.plan(plan_id).await
    }

    /// Returns how many rows and bytes tables have, those of their partitions and chunks included.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn table_sizes(&self, tables: &[String]) -> Result<Vec<(String, i64, i64)>, DbError> {
        // Names stand as the catalog has them, without quotes, so they are never parsed.
        let (schemas, names): (Vec<&str>, Vec<&str>) =
            tables.iter().map(|table| table.split_once('.').unwrap_or(("public", table))).unzip();
        let rows = self
            .query(
                "select named, sum(greatest(leaf.reltuples, 0))::bigint,
                     sum(pg_total_relation_size(leaf.oid))::bigint
                 from unnest($1::text[], $2::text[], $3::text[]) as wanted (named, schema_name, table_name)
                 join pg_namespace on nspname = schema_name
                 join pg_class as root on root.relnamespace = pg_namespace.oid and root.relname = table_name
                 cross join lateral (
                     select relid from pg_partition_tree(root.oid) where isleaf
                     union
                     select root.oid
                     union
                     select inhrelid from pg_inherits where inhparent = root.oid
                 ) as part (relid)
                 join pg_class as leaf on leaf.oid = part.relid
                 group by named order by named",
                &[&tables, &schemas, &names],
            )
            .await
            .map_err(doing("look how large tables are"))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
    }
}

pub(crate) fn unknown(plan_id: i64) -> DbError {
    DbError::NotFound(format!("there is no plan {plan_id}; `shelfops plan list` shows them"))
}

pub(crate) fn changed(plan_id: i64) -> DbError {
    DbError::PlanConflict(format!(
        "plan {plan_id} is not what was proposed: its statements were changed since; make a new one"
    ))
}

fn step(row: &Row) -> PlanStep {
    PlanStep {
        position: row.get(0),
        statement: row.get(1),
        weight: row.get(2),
        is_alone: row.get(3),
        locks: row.get(4),
        finished_at: row.get::<_, Option<_>>(5).and_then(timestamp),
        duration_ms: row.get(6),
    }
}

fn plan(row: &Row) -> Plan {
    let moment = |place: usize| row.get::<_, Option<_>>(place).and_then(timestamp);
    Plan {
        plan_id: row.get(0),
        kind: row.get(1),
        title: row.get(2),
        environment: row.get(3),
        effect: row.get(4),
        runs: row.get(5),
        touches: row.get(6),
        reversal: row.get(7),
        schema_fingerprint: row.get(8),
        content_hash: row.get(9),
        state: row.get(10),
        created_by: row.get(11),
        created_at: moment(12),
        expires_at: moment(13),
        decided_by: row.get(14),
        decided_at: moment(15),
        decision_reason: row.get(16),
        applied_by: row.get(17),
        finished_at: moment(18),
        result: row.get(19),
        steps: Vec::new(),
        events: Vec::new(),
    }
}
