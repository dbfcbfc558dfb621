//! Plans: what changes the schema or removes rows is written down here first, whoever wants it.
//!
//! [`propose`] is the one way in. It looks what the statements lock and touch, which schema they are for,
//! and whom policy asks; the plan is kept, and nothing else happens. [`mod@apply`] is the one way out.

mod apply;
mod draft;
mod environment;
mod page;
mod policy;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use shelfops_advisor::lint::{self, AskError, SchemaState, TableLock, consequences};
use shelfops_db::DbError;
use shelfops_db::models::{NewPlan, NewPlanStep, Plan};

use crate::ops::error::ErrorKind;
use crate::ops::{Context, OpError};

pub(crate) use apply::apply;
pub(crate) use draft::{Draft, DraftStep};
pub(crate) use environment::Environment;
pub(crate) use page::page;
pub(crate) use policy::{Consent, approver, consent, consent_to};

/// How long a plan may be applied: the schema and what is in it move on.
const LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// Whether the schema has a place for plans: one that is not there yet, or older, has none.
///
/// # Errors
/// Fails when the server does.
pub(crate) async fn has_store(context: &Context) -> Result<bool, OpError> {
    match context.database().await?.operator().await {
        Ok(operator) => Ok(operator.has_plans().await?),
        Err(DbError::NotMigrated) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Keeps a plan and changes nothing. Where policy asks nobody, it is approved at once.
///
/// # Errors
/// Refuses a plan without steps; fails when the server does, and where the schema has no place for plans.
pub(crate) async fn propose(context: &Context, mut draft: Draft) -> Result<Plan, OpError> {
    if draft.steps.is_empty() {
        return Err(OpError::usage(format!("{}: a plan without steps does nothing", draft.kind)));
    }
    if draft.asks_schema() {
        draft.judge(schema(context).await?);
    }
    let environment = context.config().environment;
    let effect = draft.effect();
    let fingerprint = crate::drift::live(context).await?.fingerprint();
    let operator = context.database().await?.operator().await?;
    if !operator.has_plans().await? {
        return Err(OpError::conflict(
            "the schema is older than plans: `shelfops migrate status` shows what is pending",
        ));
    }
    let steps: Vec<NewPlanStep> = draft.steps.iter().map(step).collect();
    let mut tables: Vec<String> = draft
        .steps
        .iter()
        .flat_map(|step| locks(&step.sql))
        .map(|lock| lock.table)
        .chain(draft.tables.iter().cloned())
        .collect();
    tables.sort();
    tables.dedup();
    let sizes = operator.table_sizes(&tables).await?;
    let new = NewPlan {
        kind: draft.kind,
        title: draft.title.clone(),
        environment: environment.name(),
        effect: policy::effect_name(effect),
        runs: draft.runs,
        touches: touches(&sizes, &draft),
        reversal: draft.reversal.clone(),
        schema_fingerprint: fingerprint,
        created_by: context.principal().to_string(),
        lifetime: LIFETIME,
        is_automatic: consent(effect, environment) == Consent::Nobody,
        steps,
    };
    let plan = operator.add_plan(&new).await?;
    operator.commit().await?;
    Ok(plan)
}

/// Asks the database what types its columns have.
async fn schema(context: &Context) -> Result<SchemaState, OpError> {
    let url = context.open_database().owner_url().await?;
    lint::ask(url).await.map_err(|error| {
        let kind = match error {
            AskError::BadAddress(_) => ErrorKind::Usage,
            AskError::Unreachable(_) => ErrorKind::DependencyDown,
            AskError::Silent(_) => ErrorKind::Failed,
        };
        OpError::from_error(kind, error)
    })
}

fn step(step: &DraftStep) -> NewPlanStep {
    NewPlanStep {
        statement: step.sql.clone(),
        weight: policy::weight_name(step.weight),
        is_alone: step.is_alone,
        locks: json!(locks(&step.sql)),
    }
}

/// Returns each table that a text locks, with the stronger of its locks.
fn locks(sql: &str) -> Vec<TableLock> {
    let mut strongest: BTreeMap<String, bool> = BTreeMap::new();
    for lock in consequences(sql).into_iter().flat_map(|one| one.locks) {
        let known = strongest.entry(lock.table).or_default();
        *known |= lock.keeps_readers_out;
    }
    strongest
        .into_iter()
        .map(|(table, keeps_readers_out)| TableLock { table, keeps_readers_out })
        .collect()
}

fn touches(sizes: &[(String, i64, i64)], draft: &Draft) -> Value {
    let tables: Vec<Value> = sizes
        .iter()
        .map(|(table, rows, bytes)| json!({ "table": table, "rows": rows, "bytes": bytes }))
        .collect();
    let mut told = json!({
        "tables": tables,
        "rows": sizes.iter().map(|(_, rows, _)| rows).sum::<i64>(),
        "bytes": sizes.iter().map(|(_, _, bytes)| bytes).sum::<i64>(),
    });
    let not_known: Vec<&String> = draft.steps.iter().flat_map(|step| &step.not_known).collect();
    if !not_known.is_empty() {
        told["not_known"] = json!(not_known);
    }
    if let (Value::Object(told), Value::Object(more)) = (&mut told, &draft.touches) {
        told.extend(more.clone());
    }
    told
}
