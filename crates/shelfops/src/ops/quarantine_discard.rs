//! Gives quarantined records up.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::QuarantineFilter;

use super::output::counted;
use super::quarantine_show::{check_rule, find_record, find_run, parse_id, parse_run, settled};
use super::{Access, Context, Effect, OpError, Operation, Output};

/// Gives quarantined records up.
pub(crate) struct QuarantineDiscard;

/// Which records, and why.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Only this record
    #[arg(long)]
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// All records that this rule refused
    #[arg(long)]
    #[serde(default)]
    pub(crate) rule: Option<String>,
    /// Only what this run was the first to refuse: what a wrong mapping left, for one
    #[arg(long, value_name = "ID")]
    #[serde(default)]
    pub(crate) run: Option<String>,
    /// Why they are given up; kept with them
    #[arg(long)]
    pub(crate) reason: String,
}

/// How many.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Discarded {
    discarded: u64,
}

impl Operation for QuarantineDiscard {
    const NAME: &'static str = "quarantine discard";
    const SUMMARY: &'static str = "Give records up: they stay readable and are never replayed";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Discarded;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Discarded>, OpError> {
        if input.id.is_none() && input.rule.is_none() && input.run.is_none() {
            return Err(OpError::usage("say which: --id, --rule or --run"));
        }
        if input.reason.trim().is_empty() {
            return Err(OpError::usage("say why: --reason is kept with the records"));
        }
        let id = input.id.as_deref().map(parse_id).transpose()?;
        let run = input.run.as_deref().map(parse_run).transpose()?;
        input.rule.as_deref().map(check_rule).transpose()?;
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let record = match id {
            Some(id) => Some(find_record(&tx, &tenant.slug, id).await?),
            None => None,
        };
        if let Some(run) = run {
            find_run(&tx, &tenant.slug, run).await?;
        }
        let filter = QuarantineFilter {
            rule: input.rule,
            sync_run_id: run,
            quarantined_record_id: id,
            ..Default::default()
        };
        let discarded = tx.discard_quarantined(&filter, &input.reason).await?;
        tx.commit().await?;
        let summary = format!("gave up {} of {}", counted(discarded, "record"), tenant.slug);
        let output = Output::new(summary, Discarded { discarded });
        Ok(match record.as_ref().and_then(settled) {
            Some(why) => output.line(why),
            None => output,
        })
    }
}
