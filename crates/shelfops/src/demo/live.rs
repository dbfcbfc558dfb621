//! A retailer whose till is a vendor's: connected, its history read, then followed sale by sale.

use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use shelfops_db::models::{Integration, IntegrationStatus, Tenant};
use shelfops_integrations::connector;

use super::retailers::add_tenant;
use super::stage::Stage;
use crate::cli::grouped;
use crate::import::Counts;
use crate::ops::context::until_stopped;
use crate::ops::output::counted;
use crate::ops::{Context, OpError, find as find_operation};
use crate::sync::{Days, SyncReport, SyncRequest, reconcile, sync_stream};

/// The retailer.
const SLUG: &str = "harbour";

/// How often it is told what has just come.
const BEAT: Duration = Duration::from_secs(5);

/// A retailer that is connected.
pub(super) struct Live {
    tenant: Tenant,
    integration: Integration,
}

impl Live {
    /// Connects the retailer, reads all its vendor has, and compares a day with the vendor's own count.
    ///
    /// # Errors
    /// Fails when the vendor or the database does.
    pub(super) async fn begin(
        context: &Context,
        stage: &Stage,
    ) -> Result<(Self, Counts, Value), OpError> {
        let talk = context.talk();
        let vendor = &stage.vendor;
        talk.say(&format!("\n{} ({SLUG}), connected to {}", vendor.merchant, vendor.connector));
        let name = (SLUG, &*vendor.merchant);
        let tenant = add_tenant(context, name, "USD", "America/New_York").await?;
        let integration = connect(context, stage, &tenant).await?;
        let live = Self { tenant, integration };
        let mut counts = Counts::default();
        let mut streams = Vec::new();
        let known = connector::find(vendor.connector).map(|connector| connector.streams());
        for stream in known.unwrap_or_default() {
            let request = SyncRequest::new(*stream);
            let report = sync_stream(context, &live.tenant, &live.integration, &request).await?;
            talk.done();
            talk.say(&describe(&report));
            counts.add(&report.counts);
            streams.push(report);
            if talk.should_stop() {
                break;
            }
        }
        let compared = live.compare(context).await?;
        let told = json!({ "tenant": SLUG, "streams": streams, "compared": compared });
        Ok((live, counts, told))
    }

    /// Compares the day before yesterday with the vendor: all of it is over in every time zone.
    async fn compare(&self, context: &Context) -> Result<Value, OpError> {
        let now = jiff::tz::TimeZone::UTC.to_datetime(context.now()).date();
        let day = now.checked_sub(2.days()).unwrap_or(now);
        let compared = reconcile(context, &self.tenant, &self.integration, Days::Of(day)).await?;
        let reports = compared.reports;
        for report in &reports {
            context.talk().say(&format!(
                "    {} at {}: {} lines, {} net, {} to the vendor's count",
                report.day,
                report.store,
                grouped(&report.our_lines.to_string()),
                report.our_net,
                report.outcome,
            ));
        }
        compared.failed.map_or_else(|| Ok(json!(reports)), Err)
    }

    /// Tells what comes in until the user has seen enough.
    ///
    /// # Errors
    /// Fails when the database does.
    pub(super) async fn follow(&self, context: &Context) -> Result<(), OpError> {
        let talk = context.talk();
        // Who does the work begins now, too: what came while the history was read has waited for that.
        let since = context.now();
        loop {
            tokio::select! {
                () = until_stopped(&*talk) => return Ok(()),
                () = tokio::time::sleep(BEAT) => {}
            }
            let tx = context.database().await?.tenant(self.tenant.customer_id).await?;
            let pulse = tx.pulse(&self.integration, since).await?;
            tx.commit().await?;
            let mut said =
                format!("{SLUG}: {} sold in the last minute", counted(pulse.lines, "line"));
            if let Some(newest) = pulse.newest_at {
                let age = Timestamp::now().duration_since(newest).as_secs_f64();
                said.push_str(&format!(", the newest {age:.1} s ago"));
            }
            if let Some(slowest) = pulse.slowest_notification {
                said.push_str(&format!("; {slowest:.2} s at most from its notification to here"));
            }
            said.push_str(&format!(
                "; waiting: {}; in quarantine: {}",
                counted(pulse.waiting_notifications, "notification"),
                counted(pulse.quarantined, "record")
            ));
            talk.say(&said);
        }
    }
}

/// Has the retailer let us in, again if an earlier demonstration was.
async fn connect(
    context: &Context,
    stage: &Stage,
    tenant: &Tenant,
) -> Result<Integration, OpError> {
    let connector = stage.vendor.connector;
    let known = {
        let tx = context.database().await?.tenant(tenant.customer_id).await?;
        let all = tx.integrations().await?;
        tx.commit().await?;
        all.into_iter().any(|known| known.source.as_str() == connector)
    };
    let (name, input) = if known {
        ("integration connect", json!({ "tenant": SLUG, "source": connector, "no_wait": true }))
    } else {
        ("integration add", json!({ "tenant": SLUG, "connector": connector, "no_wait": true }))
    };
    let unknown = || OpError::failed(format!("there is no operation '{name}'"));
    let begun = find_operation(name).ok_or_else(unknown)?.run_json(context, input).await?;
    let page = begun.data["authorize_url"].as_str().unwrap_or_default().to_owned();
    stage.vendor.agree(&page).await?;
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let integration = tx.integration_of(connector).await?;
    tx.commit().await?;
    if integration.status == IntegrationStatus::Active {
        return Ok(integration);
    }
    let why = integration.last_error.unwrap_or_else(|| integration.status.name().to_owned());
    Err(OpError::failed(format!("{SLUG} agreed, and is not connected: {why}")))
}

fn describe(report: &SyncReport) -> String {
    let counts = &report.counts;
    let grouped = |number: u64| grouped(&number.to_string());
    format!(
        "  {:<22} {:<12} {:>10} read {:>10} loaded {:>8} unchanged {:>7} quarantined",
        report.stream,
        report.status,
        grouped(counts.read),
        grouped(counts.inserted + counts.updated),
        grouped(counts.unchanged),
        grouped(counts.quarantined),
    )
}
