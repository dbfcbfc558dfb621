//! Applies plans: those that were approved, for the schema that they were written for, once.

use std::time::Instant;

use deadpool_postgres::Object;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::error::{describe, doing};
use crate::models::plan::changed;
use crate::models::{Plan, PlanRuns};
use crate::{Database, DbError, OperatorTx};

/// How long a statement of a plan waits for a table's lock, so that a queue behind it cannot stop the shop.
const LOCK_TIMEOUT: &str = "10s";

/// The same for a statement outside a transaction: a concurrent build waits for every older transaction
/// and stops nobody meanwhile; but not for ever.
const LOCK_TIMEOUT_ALONE: &str = "5min";

const FINISH_STEP: &str = "
    update shelfops.plan_steps set finished_at = clock_timestamp(), duration_ms = $3
    where plan_id = $1 and position = $2";

/// A plan that is being applied by this process and by no other.
///
/// The connection holds a lock that the server lets go of when it ends, however that is. So a plan that
/// is `applying` while nobody has the lock was broken off.
pub struct PlanRun {
    database: Database,
    held: Held,
    plan: Plan,
    by: String,
}

/// The connection with the lock. It is closed and never goes back to the pool, which gives the lock up.
struct Held(Option<Object>);

impl Held {
    fn client(&self) -> &Object {
        self.0.as_ref().expect("the connection is taken only where the value ends")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.take().map(Object::take));
    }
}

impl Database {
    /// Begins to apply a plan. `fingerprint` is told the connection that looks at the schema, in a
    /// transaction, and says what it is now.
    ///
    /// # Errors
    /// Refuses, and remembers that it did, when the plan is not approved, too old, not what was approved,
    /// for another schema or environment, or applied already.
    pub async fn begin_plan(
        &self,
        plan_id: i64,
        (by, environment): (&str, &str),
        fingerprint: impl AsyncFnOnce(&Client) -> Result<String, String>,
    ) -> Result<PlanRun, DbError> {
        let held = Held(Some(self.owner_connection().await?));
        let lock = "select pg_advisory_lock(hashtextextended('shelfops plan ' || $1::text, 6))";
        let action = doing("wait for another process that applies the plan");
        held.client().execute(lock, &[&plan_id.to_string()]).await.map_err(&action)?;
        let operator = self.operator().await?;
        let plan = operator.plan(plan_id).await?;
        drop(operator);
        let run = PlanRun { database: self.clone(), held, plan, by: by.to_owned() };
        match run.check(environment, fingerprint).await {
            Ok(()) => {}
            Err(refusal) => {
                run.refused(&refusal).await?;
                return Err(refusal);
            }
        }
        // Looking at the schema takes its time, and somebody may have rejected the plan meanwhile.
        match run.start().await {
            Ok(()) => Ok(run),
            Err(refusal) => {
                run.refused(&refusal).await?;
                Err(refusal)
            }
        }
    }
}

impl PlanRun {
    /// Returns the plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    async fn check(
        &self,
        environment: &str,
        fingerprint: impl AsyncFnOnce(&Client) -> Result<String, String>,
    ) -> Result<(), DbError> {
        let (plan, plan_id) = (&self.plan, self.plan.plan_id);
        match plan.state.as_str() {
            "approved" => {}
            "proposed" => {
                return Err(DbError::PlanNotApproved(format!(
                    "plan {plan_id} waits for somebody's approval: `shelfops plan approve {plan_id}`, \
                     on a terminal"
                )));
            }
            // Nobody has its lock, so whoever applied it is gone.
            "applying" => self.check_rest()?,
            state => {
                return Err(DbError::PlanConflict(format!(
                    "plan {plan_id} is {state}, so it is not applied; make a new one"
                )));
            }
        }
        if plan.hash() != plan.content_hash {
            return Err(changed(plan_id));
        }
        if plan.environment != environment {
            return Err(DbError::PlanConflict(format!(
                "plan {plan_id} was made for {}, and this is {environment}; make a new one",
                plan.environment
            )));
        }
        let is_partly_done = plan.steps.iter().any(|step| step.finished_at.is_some())
            || plan.runs() != PlanRuns::Statements;
        if self.is_begun() && is_partly_done {
            // What is done of it has changed the schema.
            return Ok(());
        }
        let client = self.held.client();
        client.batch_execute("begin read only").await.map_err(doing("look at the schema"))?;
        let now = fingerprint(client).await;
        client.batch_execute("rollback").await.map_err(doing("look at the schema"))?;
        let now = now.map_err(DbError::PlanConflict)?;
        if now != plan.schema_fingerprint {
            return Err(DbError::PlanConflict(format!(
                "the schema is not the one that plan {plan_id} was made for; make a new one"
            )));
        }
        Ok(())
    }

    /// Whether it was broken off: its first part may be done.
    pub fn is_begun(&self) -> bool {
        self.plan.state == "applying"
    }

    /// Whether the rest of a plan that was broken off can be told from what is done. A migration's runner
    /// keeps a ledger; a statement in a transaction is remembered with its effect. One that runs alone, of a
    /// migration or not, may be done and not remembered, or half done: a person has to look.
    fn check_rest(&self) -> Result<(), DbError> {
        let next = self.plan.steps.iter().find(|step| step.finished_at.is_none());
        let Some(step) = next.filter(|step| step.is_alone) else { return Ok(()) };
        let (plan_id, position) = (self.plan.plan_id, step.position);
        Err(DbError::PlanConflict(format!(
            "plan {plan_id} was broken off at step {position}, which runs outside a transaction: it may \
             be done, half done, or not begun. What is before it is done. `shelfops plan show {plan_id}` \
             has the statement; look whether what it makes is there. An index that is not valid has to \
             be removed by hand, concurrently. Then make a new plan of what is left"
        )))
    }

    /// Runs the plan's statements that are not done yet: those that can be together in one transaction, the
    /// others alone. What is remembered of a step is in the transaction that did it.
    ///
    /// # Errors
    /// Fails at the first that the server refuses. What is done of the plan is remembered with it.
    pub async fn run_statements(self) -> Result<Plan, DbError> {
        let started = Instant::now();
        let outcome = self.run_steps().await;
        let finished = match &outcome {
            Ok(()) => {
                let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                json!({ "steps": self.plan.steps.len(), "duration_ms": milliseconds })
            }
            Err(error) => json!({ "error": error.to_string() }),
        };
        self.finish(outcome.map(|()| finished)).await
    }

    async fn run_steps(&self) -> Result<(), DbError> {
        if self.plan.runs() != PlanRuns::Statements {
            return Err(DbError::PlanConflict("its migrations run by their runner".to_owned()));
        }
        let client = self.held.client();
        let mut is_open = false;
        for step in self.plan.steps.iter().filter(|step| step.finished_at.is_none()) {
            if step.is_alone == is_open {
                self.turn(is_open).await?;
                is_open = !is_open;
            }
            let started = Instant::now();
            let timeout = if step.is_alone { LOCK_TIMEOUT_ALONE } else { LOCK_TIMEOUT };
            let set = format!("set lock_timeout = '{timeout}'");
            client.batch_execute(&set).await.map_err(doing("bound the waits of a plan"))?;
            if let Err(source) = client.batch_execute(&step.statement).await {
                if is_open {
                    // A failed rollback means a lost connection, which rolls back as well.
                    let _ = client.batch_execute("rollback").await;
                }
                return Err(self.failure(step.position, &source));
            }
            let milliseconds = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
            client
                .execute(FINISH_STEP, &[&self.plan.plan_id, &step.position, &milliseconds])
                .await
                .map_err(doing("remember a step of the plan"))?;
        }
        if is_open {
            self.turn(true).await?;
        }
        Ok(())
    }

    /// Remembers that a migration of the plan is done. Its runner has committed it already, so a plan that
    /// is broken off in between shows one step less than the ledger has.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn finish_step(&self, position: i32, duration_ms: u64) -> Result<(), DbError> {
        let operator = match self.database.operator().await {
            // Going down takes the place for plans away, and what tells an operator.
            Err(DbError::NotMigrated) => return Ok(()),
            operator => operator?,
        };
        if !operator.has_plans().await? {
            return Ok(());
        }
        let milliseconds = i64::try_from(duration_ms).unwrap_or(i64::MAX);
        operator
            .execute(FINISH_STEP, &[&self.plan.plan_id, &position, &milliseconds])
            .await
            .map_err(doing("remember a step of the plan"))?;
        operator.commit().await
    }

    /// Ends the transaction that is open, or begins one.
    async fn turn(&self, is_open: bool) -> Result<(), DbError> {
        let statement = if is_open { "commit" } else { "begin" };
        self.held.client().batch_execute(statement).await.map_err(doing("go on with a plan"))
    }

    fn failure(&self, position: i32, source: &tokio_postgres::Error) -> DbError {
        DbError::PlanFailed { plan_id: self.plan.plan_id, position, reason: describe(source) }
    }

    /// Remembers what came of the plan, and returns it.
    ///
    /// # Errors
    /// Returns the failure that it is told.
    pub async fn finish(self, outcome: Result<Value, DbError>) -> Result<Plan, DbError> {
        let operator = self.database.operator().await;
        let told = match &outcome {
            Ok(result) => ("applied", result.clone()),
            Err(error) => ("failed", json!({ "error": error.to_string() })),
        };
        let remembered = async {
            // Going down to nothing takes the tenants' registry away, by which an operator is known.
            let operator = match operator {
                Err(DbError::NotMigrated) => return Ok(None),
                operator => operator?,
            };
            // Going down may take the plans themselves away.
            if !operator.has_plans().await? {
                return Ok(None);
            }
            self.remember(&operator, told.0, Some(&told.1)).await?;
            let plan = operator.plan(self.plan.plan_id).await?;
            operator.commit().await?;
            Ok::<_, DbError>(Some(plan))
        }
        .await;
        outcome?;
        Ok(remembered?.unwrap_or(Plan { state: "applied".to_owned(), ..self.plan.clone() }))
    }

    /// Begins, if the plan is still approved at this moment: a rejection and this wait for each other.
    async fn start(&self) -> Result<(), DbError> {
        let plan_id = self.plan.plan_id;
        let operator = self.database.operator().await?;
        let begun = operator
            .execute(
                "update shelfops.plans
                 set state = 'applying', applied_by = $2, applied_at = now(), finished_at = null
                 where plan_id = $1 and (state = 'approved' or (state = 'applying' and $3))
                     and expires_at > now()",
                &[&plan_id, &self.by, &self.is_begun()],
            )
            .await
            .map_err(doing("begin to apply a plan"))?;
        if begun == 0 {
            return Err(DbError::PlanConflict(format!(
                "plan {plan_id} is not approved any more: `shelfops plan show {plan_id}` says who \
                 decided what"
            )));
        }
        let again = self.is_begun().then_some("goes on where it was broken off");
        operator.add_plan_event(plan_id, ("applying", &self.by), again).await?;
        operator.commit().await
    }

    async fn remember(
        &self,
        operator: &OperatorTx,
        state: &str,
        result: Option<&Value>,
    ) -> Result<(), DbError> {
        operator
            .execute(
                "update shelfops.plans
                 set
                     state = $2,
                     applied_by = $3,
                     finished_at = now(),
                     result = $4
                 where plan_id = $1",
                &[&self.plan.plan_id, &state, &self.by, &result],
            )
            .await
            .map_err(doing("remember what came of a plan"))?;
        let detail = result.map(Value::to_string);
        operator.add_plan_event(self.plan.plan_id, (state, &self.by), detail.as_deref()).await
    }

    async fn refused(&self, refusal: &DbError) -> Result<(), DbError> {
        let operator = self.database.operator().await?;
        let why = refusal.to_string();
        operator.add_plan_event(self.plan.plan_id, ("refused", &self.by), Some(&why)).await?;
        operator.commit().await
    }
}
