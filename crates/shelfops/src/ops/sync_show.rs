//! Shows how a connected system is kept in step: freshness, runs, comparisons with the vendor.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::Reconciliation;

use super::integration_show::{QuarantineRow, StreamRow, tell_ended};
use super::output::Verdict;
use super::{Access, Context, Effect, OpError, Operation, Output};

/// Shows how a system is kept in step.
pub(crate) struct SyncShow;

/// Which system.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Which of the tenant's systems
    #[arg(long)]
    pub(crate) source: String,
    /// How many comparisons, newest day first
    #[arg(long, default_value_t = 20)]
    #[serde(default = "default_limit")]
    pub(crate) limit: i64,
}

const fn default_limit() -> i64 {
    20
}

/// How a system is kept in step.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Shown {
    source: String,
    status: String,
    error: Option<String>,
    streams: Vec<StreamRow>,
    /// What was read and is refused, by stream and rule.
    quarantine: Vec<QuarantineRow>,
    comparisons: Vec<Comparison>,
}

/// A store's day as it was compared with the vendor.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Comparison {
    day: String,
    store: String,
    /// `equal`, `repaired` or `differs`.
    outcome: String,
    vendor_lines: i64,
    our_lines: i64,
    vendor_net: String,
    our_net: String,
    currency: String,
    quarantined_lines: i64,
    /// Some of the records that differ or differed.
    records: Vec<String>,
    compared_at: Option<String>,
}

impl Operation for SyncShow {
    const NAME: &'static str = "sync show";
    const SUMMARY: &'static str =
        "Show how fresh a connected system is, and where it differs from the vendor";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Shown;

    async fn run(context: &Context, input: Input) -> Result<Output<Shown>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let integration = tx.integration_of(&input.source).await?;
        let fresh = tx.freshness(&integration.source).await?;
        let limit = input.limit.clamp(1, 10_000);
        let quarantine = QuarantineRow::all(tx.waiting_records(&integration.source).await?);
        let compared = tx.reconciliations(integration.integration_id, limit).await?;
        tx.commit().await?;
        let comparisons: Vec<_> = compared.into_iter().map(comparison).collect();
        let differ = comparisons.iter().filter(|day| day.outcome == "differs").count();
        let source = integration.source.to_string();
        let summary = match (comparisons.len(), differ) {
            (0, _) => format!("{source} of {} was not compared with the vendor yet", tenant.slug),
            (_, 0) => format!("{source} of {} agrees with the vendor", tenant.slug),
            _ => format!("{source} of {}: {differ} store days differ from the vendor", tenant.slug),
        };
        let data = Shown {
            source,
            status: integration.status.name().to_owned(),
            error: integration.last_error,
            streams: fresh.into_iter().map(|fresh| StreamRow::new(fresh, context.now())).collect(),
            quarantine,
            comparisons,
        };
        let verdict = if differ == 0 { Verdict::Good } else { Verdict::Problems };
        let mut output = Output::new(summary, data).verdict(verdict);
        if integration.is_grant_gone {
            output =
                tell_ended(output, &tenant.slug, &integration.source).verdict(Verdict::Problems);
        }
        Ok(QuarantineRow::tell(&tenant.slug, output, |data| &data.quarantine))
    }
}

fn comparison(compared: Reconciliation) -> Comparison {
    let records = compared.differences.as_array().into_iter().flatten().filter_map(|named| {
        let text = |key: &str| named.get(key)?.as_str();
        let amounts = match (text("vendor"), text("here")) {
            (Some(vendor), Some(here)) => format!(": {vendor} at the vendor, {here} here"),
            _ => String::new(),
        };
        Some(format!("{} ({}{amounts})", text("record")?, text("difference")?))
    });
    Comparison {
        day: compared.business_date.to_string(),
        store: compared.external_store_id,
        outcome: compared.outcome.name().to_owned(),
        vendor_lines: compared.vendor.sale_lines + compared.vendor.return_lines,
        our_lines: compared.found.sale_lines + compared.found.return_lines,
        vendor_net: compared.vendor.net.to_string(),
        our_net: compared.found.net.to_string(),
        currency: compared.currency,
        quarantined_lines: compared.quarantined_lines,
        records: records.collect(),
        compared_at: compared.compared_at.map(|at| at.to_string()),
    }
}
