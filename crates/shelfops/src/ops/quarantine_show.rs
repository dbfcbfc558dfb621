//! Shows one quarantined record whole.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shelfops_db::TenantTx;
use shelfops_db::models::{QuarantineFilter, QuarantinedRow, RunRefusals};
use shelfops_ingest::rules::{self, Rule};
use uuid::Uuid;

use super::{Access, Context, Effect, OpError, Operation, Output};

/// Shows one quarantined record whole.
pub(crate) struct QuarantineShow;

/// Which record.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The record's id
    pub(crate) id: String,
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
}

impl Operation for QuarantineShow {
    const NAME: &'static str = "quarantine show";
    const SUMMARY: &'static str = "Show a record as its source told it, and why it was refused";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Value;

    async fn run(context: &Context, input: Input) -> Result<Output<Value>, OpError> {
        let id = parse_id(&input.id)?;
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let record = find_record(&tx, &tenant.slug, id).await?;
        let summary = format!("{}: {}", record.rule, record.reason);
        let output = Output::new(summary, json!(record));
        // What the rule explains is what to do about a record that waits.
        let waiting = rules::find(&record.rule).filter(|_| record.status == WAITING);
        Ok(match waiting {
            Some(rule) => output.why(rule.summary(), rule.explanation()),
            None => output,
        })
    }
}

/// What the status of a record is called that is neither replayed nor given up.
const WAITING: &str = "waiting";

/// Says why a record is not tried or given up any more; `None` where it waits.
pub(super) fn settled(record: &QuarantinedRow) -> Option<String> {
    if record.status == WAITING {
        return None;
    }
    let reason = record.settled_reason.as_deref().unwrap_or("nobody said why");
    let at = record.settled_at.map(|at| format!(" at {at}")).unwrap_or_default();
    Some(format!("this record does not wait any more: it was {}{at}: {reason}", record.status))
}

/// Finds a tenant's record, whatever became of it.
pub(super) async fn find_record(
    tx: &TenantTx,
    slug: &str,
    id: Uuid,
) -> Result<QuarantinedRow, OpError> {
    let filter = QuarantineFilter { quarantined_record_id: Some(id), ..Default::default() };
    let found = tx.quarantined(&filter, 1).await?.into_iter().next();
    found.ok_or_else(|| OpError::not_found(format!("{slug} has no quarantined record {id}")))
}

/// Refuses the name of a rule that there is not.
pub(super) fn check_rule(name: &str) -> Result<(), OpError> {
    find_rule(name).map(drop)
}

/// Finds a rule by its name.
pub(super) fn find_rule(name: &str) -> Result<&'static dyn Rule, OpError> {
    rules::find(name).ok_or_else(|| {
        OpError::not_found(format!(
            "there is no rule '{name}'; `shelfops quality rules` lists them"
        ))
    })
}

/// Finds what a run refused.
pub(super) async fn find_run(tx: &TenantTx, slug: &str, id: Uuid) -> Result<RunRefusals, OpError> {
    tx.refusals_of_run(id).await?.ok_or_else(|| {
        OpError::not_found(format!("{slug} has no run {id}; `shelfops sync list` shows them"))
    })
}

/// Reads the id of a run.
pub(super) fn parse_run(text: &str) -> Result<Uuid, OpError> {
    text.parse().map_err(|_| {
        OpError::usage(format!("'{text}' is no id of a run; `shelfops sync list` shows them"))
    })
}

/// Reads the id of a quarantined record.
pub(super) fn parse_id(text: &str) -> Result<Uuid, OpError> {
    text.parse().map_err(|_| {
        OpError::usage(format!("'{text}' is no record id; `shelfops quarantine list` shows them"))
    })
}
