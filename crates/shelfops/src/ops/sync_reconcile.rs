//! Compares a day's sales with the vendor's.

use clap::Args;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::output::{Verdict, counted};
use super::sync_backfill::day;
use super::{Access, Context, Effect, OpError, Operation, Output};
use crate::sync::{Days, ReconcileReport, reconcile};

/// Compares a day.
pub(crate) struct SyncReconcile;

/// Which day of which system.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Which of the tenant's systems
    #[arg(long)]
    pub(crate) source: String,
    /// The day by each store's own clock, such as 2026-03-31
    #[arg(long, value_name = "DATE")]
    pub(crate) day: String,
}

impl Operation for SyncReconcile {
    const NAME: &'static str = "sync reconcile";
    const SUMMARY: &'static str =
        "Compare a day's sales with the vendor's; read again what differs";
    const DETAILS: &'static str = "Counts lines and adds up net sales store by store, at the vendor and here. Where they differ, the\n\
         records are named and read again. An order whose lines do not come to the total that the vendor\n\
         says is named too; reading it again does not mend that: report it. Exit code 3 says that something\n\
         still differs. A worker does this every day; `sync show` shows how it ended.";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Vec<ReconcileReport>;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<ReconcileReport>>, OpError> {
        let day = begun(day(&input.day)?, context.now())?;
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let integration = tx.integration_of(&input.source).await?;
        tx.commit().await?;
        let compared = reconcile(context, &tenant, &integration, Days::Of(day)).await?;
        // There is no other day whose report would be lost.
        if let Some(error) = compared.failed {
            return Err(error);
        }
        if !compared.is_complete {
            return Err(OpError::failed(
                "stopped before all was read: nothing is written down, and the same command begins again",
            ));
        }
        let reports = compared.reports;
        let with = |outcome: &str| {
            reports.iter().filter(|report| report.outcome == outcome).count() as u64
        };
        let (repaired, differs) = (with("repaired"), with("differs"));
        let stores = counted(reports.len() as u64, "store");
        let summary = match (repaired, differs) {
            (0, 0) => format!("{stores} on {day}: all equal to what the vendor counts"),
            (_, 0) => format!("{stores} on {day}: all equal now, {repaired} of them repaired"),
            _ => format!("{stores} on {day}: {differs} still differ, {repaired} were repaired"),
        };
        let mut output = Output::new(summary, reports);
        if compared.unended > 0 {
            output = output.line(format!(
                "{} left out: {day} is not over there",
                counted(compared.unended, "store")
            ));
        }
        Ok(if differs == 0 {
            output
        } else {
            let slug = &tenant.slug;
            output
                .next(
                    format!("shelfops quarantine list --tenant {slug}"),
                    "what a rule refused is counted by the vendor and not by us",
                )
                .verdict(Verdict::Problems)
        })
    }
}

/// Refuses a day that has not begun at every store of the world: vendors refuse to tell the future.
fn begun(day: Date, now: jiff::Timestamp) -> Result<Date, OpError> {
    // The last clocks are twelve hours behind.
    let last = jiff::tz::TimeZone::UTC.to_timestamp(day.at(12, 0, 0, 0));
    if last.is_ok_and(|last| last > now) {
        return Err(OpError::usage(format!(
            "{day} has not begun at every store: compare a day before it"
        )));
    }
    Ok(day)
}
