//! Tries quarantined records again.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_ingest::quarantine::ReferenceEntity;

use super::output::{Verdict, counted};
use super::quarantine_show::{check_rule, find_record, parse_id, settled};
use super::{Access, Context, Effect, OpError, Operation, Output};
use crate::import::{Counts, FailedReplay, Replay, ReplayReport, ReplayRequest, replay};

/// Tries quarantined records again.
pub(crate) struct QuarantineReplay;

/// Which records, and how.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Only the records that this rule refused
    #[arg(long)]
    #[serde(default)]
    pub(crate) rule: Option<String>,
    /// Only this record
    #[arg(long)]
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// Make the stores, products and suppliers that records name and nobody told us of
    #[arg(long)]
    #[serde(default)]
    pub(crate) create_unknown: bool,
}

/// What became of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Replayed {
    totals: Counts,
    streams: Vec<ReplayReport>,
    /// Records that could not be tried, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<FailedStream>,
}

/// Records of one source and stream that could not be tried.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FailedStream {
    source: String,
    stream: String,
    error: String,
}

impl Operation for QuarantineReplay {
    const NAME: &'static str = "quarantine replay";
    const SUMMARY: &'static str = "Try records again, as their source told them";
    const DETAILS: &'static str = "\
Records whose missing store, product or supplier arrives are replayed by themselves. Each record is
read by the mapping of the import that found it; with another mapping, import the file again.";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Replayed;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Replayed>, OpError> {
        let id = input.id.as_deref().map(parse_id).transpose()?;
        input.rule.as_deref().map(check_rule).transpose()?;
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let record = match id {
            Some(id) => Some(find_record(&tx, &tenant.slug, id).await?),
            None => None,
        };
        drop(tx);
        let create_unknown =
            if input.create_unknown { ReferenceEntity::ALL.to_vec() } else { Vec::new() };
        let request = ReplayRequest {
            rule: input.rule,
            quarantined_record_id: id,
            only_arrived: false,
            create_unknown,
        };
        let Replay { reports: streams, mut failed } = replay(context, &tenant, &request).await?;
        if streams.is_empty() && !failed.is_empty() {
            return Err(failed.swap_remove(0).error);
        }
        let mut totals = Counts::default();
        for report in &streams {
            totals.add(&report.counts);
        }
        let summary = format!(
            "{} tried: {} new, {} updated, {} unchanged, {} still refused",
            totals.read, totals.inserted, totals.updated, totals.unchanged, totals.quarantined
        );
        let still = totals.quarantined;
        let failed: Vec<FailedStream> = failed
            .into_iter()
            .map(|FailedReplay { source, stream, error }| FailedStream {
                source,
                stream,
                error: error.with_reasons(),
            })
            .collect();
        let failed_count = failed.len();
        let mut output = Output::new(summary, Replayed { totals, streams, failed });
        if let Some(why) = record.as_ref().and_then(settled) {
            output = output.line(why);
        }
        if still > 0 {
            output = output.next(
                format!("shelfops quarantine list --tenant {}", tenant.slug),
                format!("says why {} did not pass", counted(still, "record")),
            );
        }
        if failed_count > 0 {
            output = output
                .line(format!("{} could not be tried", counted(failed_count, "stream")))
                .next("the same command", "tries those that could not be tried")
                .verdict(Verdict::Partial);
        }
        Ok(output)
    }
}
