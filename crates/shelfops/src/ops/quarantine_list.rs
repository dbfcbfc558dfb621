//! Says what waits in quarantine, by rule or record by record.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shelfops_db::TenantTx;
use shelfops_db::models::{QuarantineFilter, RunRefusals};
use uuid::Uuid;

use super::output::counted;
use super::quarantine_show::{check_rule, find_run, parse_run};
use super::{Access, Context, Effect, OpError, Operation, Output};

/// Says what waits in quarantine.
pub(crate) struct QuarantineList;

/// Whose, and which.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// List the records that this rule refused, instead of counting by rule
    #[arg(long)]
    #[serde(default)]
    pub(crate) rule: Option<String>,
    /// List the records that this run was the first to refuse
    #[arg(long, value_name = "ID")]
    #[serde(default)]
    pub(crate) run: Option<String>,
    /// How many records at most
    #[arg(long, default_value_t = 50)]
    #[serde(default = "default_limit")]
    pub(crate) limit: i64,
}

const fn default_limit() -> i64 {
    50
}

impl Operation for QuarantineList {
    const NAME: &'static str = "quarantine list";
    const SUMMARY: &'static str =
        "Say what waits: counts by rule, or the records of one rule or run";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Vec<Value>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Value>>, OpError> {
        input.rule.as_deref().map(check_rule).transpose()?;
        let run = input.run.as_deref().map(parse_run).transpose()?;
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let slug = &tenant.slug;
        if input.rule.is_some() || run.is_some() {
            return list(&tx, slug, &input, run).await;
        }
        let summary = tx.quarantine_summary().await?;
        let total: i64 = summary.iter().map(|row| row.waiting).sum();
        let rows = summary.iter().map(|row| json!(row)).collect();
        let output =
            Output::new(format!("{} of {slug} in quarantine", counted(total, "record")), rows);
        Ok(match summary.first() {
            Some(most) => output.next(
                format!("shelfops quarantine list --tenant {slug} --rule {}", most.rule),
                format!("it refused the most, {}", most.waiting),
            ),
            None => output,
        })
    }
}

/// Lists the records of one rule or run.
async fn list(
    tx: &TenantTx,
    slug: &str,
    input: &Input,
    run: Option<Uuid>,
) -> Result<Output<Vec<Value>>, OpError> {
    let refusals = match run {
        Some(run) => Some((run, find_run(tx, slug, run).await?)),
        None => None,
    };
    let filter =
        QuarantineFilter { rule: input.rule.clone(), sync_run_id: run, ..Default::default() };
    let records = tx.quarantined(&filter, input.limit.clamp(1, 10_000)).await?;
    let total = tx.quarantined_count(&filter).await?;
    let refused = input.rule.as_ref().map(|rule| format!(" by '{rule}'"));
    let found = run.map(|run| format!(" first in run {run}"));
    let summary = format!(
        "{} of {slug} refused{}{}",
        first_of(records.len(), total),
        refused.unwrap_or_default(),
        found.unwrap_or_default()
    );
    let is_empty = records.is_empty();
    let rows = records
        .into_iter()
        .map(|record| {
            json!({
                "id": record.quarantined_record_id,
                "origin": record.origin_name,
                "record": record.record_number,
                "line": record.line_number,
                "reason": record.reason,
                "attempts": record.attempts,
            })
        })
        .collect();
    let mut output = Output::new(summary, rows);
    if is_empty {
        return Ok(match refusals {
            Some((run, refusals)) if input.rule.is_none() => {
                elsewhere(output, slug, run, &refusals)
            }
            _ => output,
        });
    }
    output =
        output.next(format!("shelfops quarantine show ID --tenant {slug}"), "shows a record whole");
    Ok(match &input.rule {
        Some(rule) => {
            output.next(format!("shelfops quality rules {rule}"), "says why, and what to do")
        }
        None => output,
    })
}

/// Says how many there are, and how many of them are listed where that is not all.
fn first_of(listed: usize, total: i64) -> String {
    let all = counted(total, "record");
    if usize::try_from(total) == Ok(listed) {
        return all;
    }
    format!("the first {} of {all}", crate::cli::grouped(&listed.to_string()))
}

/// Says where the records are that a run refused and that are not listed under it.
fn elsewhere(
    output: Output<Vec<Value>>,
    slug: &str,
    run: Uuid,
    refusals: &RunRefusals,
) -> Output<Vec<Value>> {
    /// More are no help.
    const SHOWN_RUNS: usize = 3;
    if refusals.refused == 0 {
        return output;
    }
    let output = output.line(format!(
        "it refused {}: an earlier run was the first to refuse them, or they do not wait any more",
        counted(refusals.refused, "record")
    ));
    let earlier = refusals.waiting_under.iter().filter(|earlier| **earlier != run);
    earlier.take(SHOWN_RUNS).fold(output, |output, earlier| {
        output.next(
            format!("shelfops quarantine list --tenant {slug} --run {earlier}"),
            "lists what it was the first to refuse of the same origin",
        )
    })
}
