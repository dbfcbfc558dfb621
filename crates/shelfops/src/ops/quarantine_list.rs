//! Says what waits in quarantine, by rule or record by record.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shelfops_db::models::QuarantineFilter;

use super::output::counted;
use super::quarantine_show::{check_rule, parse_run};
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
    /// List the records that this run refused
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
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let slug = &tenant.slug;
        let run = input.run.as_deref().map(parse_run).transpose()?;
        if input.rule.is_some() || run.is_some() {
            let filter = QuarantineFilter {
                rule: input.rule.clone(),
                sync_run_id: run,
                ..Default::default()
            };
            let records = tx.quarantined(&filter, input.limit.clamp(1, 10_000)).await?;
            let refused = input.rule.as_ref().map(|rule| format!(" by '{rule}'"));
            let found = run.map(|run| format!(" in run {run}"));
            let summary = format!(
                "{} of {slug} refused{}{}",
                counted(records.len(), "record"),
                refused.unwrap_or_default(),
                found.unwrap_or_default()
            );
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
            let output = Output::new(summary, rows).next(
                format!("shelfops quarantine show ID --tenant {slug}"),
                "shows a record whole",
            );
            return Ok(match input.rule {
                Some(rule) => output
                    .next(format!("shelfops quality rules {rule}"), "says why, and what to do"),
                None => output,
            });
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
