//! Reads a connected system on from where it stopped.

use std::str::FromStr as _;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::{Integration, Tenant};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::find;

use super::output::{Verdict, counted};
use super::{Access, Context, Effect, OpError, Operation, Output};
use crate::sync::{SyncReport, SyncRequest, sync_stream};

/// Reads a connected system.
pub(crate) struct SyncRun;

/// What is read.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Which of the tenant's systems
    #[arg(long)]
    pub(crate) source: String,
    /// Only these streams, such as transactions [default: all, references first]
    #[arg(long, value_name = "STREAM")]
    #[serde(default)]
    pub(crate) stream: Vec<String>,
}

impl Operation for SyncRun {
    const NAME: &'static str = "sync run";
    const SUMMARY: &'static str = "Read a connected system on from where it stopped";
    const DETAILS: &'static str = "Example: shelfops sync run --tenant northwind --source square\n\n\
         The first run reads all history; it can be stopped and started again at any time and goes on\n\
         behind the last batch. Records are recognised: what is read twice is loaded once.";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Vec<SyncReport>;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<SyncReport>>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let integration = tx.integration_of(&input.source).await?;
        tx.commit().await?;
        let streams = streams_of(&integration, &input.stream)?;
        let mut reports = Vec::new();
        let mut failed = None;
        for stream in streams {
            let request = SyncRequest::new(stream);
            match sync_stream(context, &tenant, &integration, &request).await {
                Ok(report) => reports.push(report),
                Err(error) if reports.is_empty() => return Err(error),
                // What comes later may need what could not be read.
                Err(error) => {
                    failed = Some(format!("{stream} was not read: {}", error.with_reasons()));
                    break;
                }
            }
            if context.talk().should_stop() {
                break;
            }
        }
        Ok(told(&tenant, &integration, reports, failed))
    }
}

/// Says what runs came to.
pub(super) fn told(
    tenant: &Tenant,
    integration: &Integration,
    reports: Vec<SyncReport>,
    failed: Option<String>,
) -> Output<Vec<SyncReport>> {
    let sum = |of: fn(&SyncReport) -> u64| reports.iter().map(of).sum::<u64>();
    let (slug, source) = (&tenant.slug, &integration.source);
    let read = sum(|report| report.counts.read);
    let quarantined = sum(|report| report.counts.quarantined);
    let summary = format!(
        "{} of {source}: {} new, {} updated, {} unchanged, {} quarantined",
        counted(read, "record"),
        grouped(sum(|report| report.counts.inserted)),
        grouped(sum(|report| report.counts.updated)),
        grouped(sum(|report| report.counts.unchanged)),
        grouped(quarantined),
    );
    let is_stopped = reports.iter().any(|report| report.status == "stopped");
    let mut output = Output::new(summary, reports);
    if quarantined > 0 {
        output = output.next(
            format!("shelfops quarantine list --tenant {slug}"),
            "says why records did not pass",
        );
    }
    match failed {
        Some(failed) => output
            .risk(failed)
            .next(
                format!("shelfops sync run --tenant {slug} --source {source}"),
                "goes on behind what was read",
            )
            .verdict(Verdict::Partial),
        None if is_stopped => output.verdict(Verdict::Stopped),
        None => output,
    }
}

/// Returns the streams that were asked for, in the order in which they must be read.
fn streams_of(integration: &Integration, asked: &[String]) -> Result<Vec<Stream>, OpError> {
    let connector = find(&integration.connector).ok_or_else(|| {
        OpError::failed(format!("this program has no connector '{}'", integration.connector))
    })?;
    let offered = connector.streams();
    for name in asked {
        let is_offered = Stream::from_str(name).is_ok_and(|stream| offered.contains(&stream));
        if !is_offered {
            let names: Vec<_> = offered.iter().map(ToString::to_string).collect();
            return Err(OpError::usage(format!(
                "{} has no stream '{name}'; it has {}",
                integration.source,
                names.join(", ")
            )));
        }
    }
    let wanted =
        |stream: &&Stream| asked.is_empty() || asked.iter().any(|name| name == stream.name());
    Ok(offered.iter().filter(wanted).copied().collect())
}

fn grouped(number: u64) -> String {
    crate::cli::grouped(&number.to_string())
}
