//! Reads a span of a connected system's sales once more.

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::Span;

use super::sync_run::told;
use super::{Access, Context, Effect, OpError, Operation, Output};
use crate::sync::{SyncReport, SyncRequest, sync_stream};

/// Reads a span once more.
pub(crate) struct SyncBackfill;

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
    /// The first day, by UTC
    #[arg(long, value_name = "DATE")]
    pub(crate) from: String,
    /// The last day, by UTC [default: up to now]
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
}

impl Operation for SyncBackfill {
    const NAME: &'static str = "sync backfill";
    const SUMMARY: &'static str = "Read once more the sales that changed within a span of days";
    const DETAILS: &'static str = "Example: shelfops sync backfill --tenant northwind --source square --from 2026-03-01 --until 2026-03-31\n\n\
         It has a cursor of its own: what `sync run` does is not disturbed. Stopped and started again it\n\
         resumes; records that are known stay as they are.";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Vec<SyncReport>;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<SyncReport>>, OpError> {
        let from = midnight(day(&input.from)?)?;
        let until = match input.until.as_deref() {
            Some(told) => {
                let next = day(told)?.tomorrow().map_err(|e| OpError::usage(e.to_string()))?;
                // Both ends are included, and vendors tell milliseconds.
                midnight(next)? - jiff::SignedDuration::from_millis(1)
            }
            None => context.now(),
        };
        if until < from {
            return Err(OpError::usage(
                "the span ends before it begins: exchange --from and --until",
            ));
        }
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let integration = tx.integration_of(&input.source).await?;
        tx.commit().await?;
        let span = Some(Span { from, until });
        let request = SyncRequest { span, ..SyncRequest::new(Stream::Transactions) };
        let report = sync_stream(context, &tenant, &integration, &request).await?;
        Ok(told(&tenant, &integration, vec![report], None))
    }
}

/// Reads a day as people type it.
pub(super) fn day(told: &str) -> Result<Date, OpError> {
    told.parse()
        .map_err(|error| OpError::usage(format!("'{told}' is no day such as 2026-01-31: {error}")))
}

fn midnight(day: Date) -> Result<jiff::Timestamp, OpError> {
    let zoned = day.to_zoned_datetime(TimeZone::UTC);
    zoned.map(|zoned| zoned.timestamp()).map_err(|error| OpError::usage(error.to_string()))
}
