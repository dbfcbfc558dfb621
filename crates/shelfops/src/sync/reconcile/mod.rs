//! Compares a day's sales with the vendor's, store by store: reads again what differs, and names the
//! records.

mod days;
mod lines;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use shelfops_db::TenantTx;
use shelfops_db::models::{DayCount, Integration, Reconciliation, ReconciliationOutcome, Tenant};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{
    DayBasis, DayTotals, OpenRequest, Reach, Span, UnevenOrder,
};

pub(crate) use self::days::Days;
use self::days::StoreClocks;
use self::lines::{HELD, VendorLines};
use super::failure;
use super::stream::{SyncRequest, sync_stream};
use crate::ops::error::ErrorKind;
use crate::ops::{Context, OpError};

/// How many records are named of one store's day.
const NAMED: usize = 50;

/// A store's day as it was compared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ReconcileReport {
    /// The vendor's id of the store.
    pub(crate) store: String,
    /// The day by the store's own clock.
    pub(crate) day: String,
    /// `equal`, `repaired` or `differs`.
    pub(crate) outcome: String,
    /// Lines of sales and returns, as the vendor counts.
    pub(crate) vendor_lines: i64,
    /// The same, as we counted before anything was repaired.
    pub(crate) our_lines: i64,
    /// Sales less returns, as the vendor says order by order.
    pub(crate) vendor_net: String,
    /// The same, as we counted before anything was repaired.
    pub(crate) our_net: String,
    /// The currency of the amounts.
    pub(crate) currency: String,
    /// Lines that the vendor tells and that are in quarantine.
    pub(crate) quarantined_lines: i64,
    /// Some of the records that differ or differed.
    pub(crate) differences: Value,
}

/// What became of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Reconciled {
    /// Each store's day that was compared.
    pub(crate) reports: Vec<ReconcileReport>,
    /// Whether all were; else it was told to stop, and nothing is known of the others.
    pub(crate) is_complete: bool,
    /// How many stores were left out because their day is not over by their own clock.
    pub(crate) unended: u64,
    /// Why the first day could not be compared of which the vendor's answers cannot be read.
    pub(crate) failed: Option<OpError>,
}

/// Compares days of every store with the vendor, reads again what differs, and writes down how it
/// ended.
///
/// # Errors
/// Fails when the vendor cannot be asked, or the database fails. A day that the vendor refuses keeps no other
/// from being compared: why is told with those.
pub(crate) async fn reconcile(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    which: Days,
) -> Result<Reconciled, OpError> {
    let clocks = StoreClocks::load(context, tenant, integration).await?;
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let compared =
        tx.compared_days(integration.integration_id, clocks.unsettled_from(which)).await?;
    tx.commit().await?;
    let missed = clocks.missed(which, &compared).into_iter().rev().map(|day| (day, Days::Of(day)));
    let due = clocks.days(which).into_iter().map(|day| (day, which));
    // What is due goes first: a day that can never be compared must keep no other from it.
    let days: Vec<(Date, Days)> = due.chain(missed).collect();
    let comparing = Comparing { context, tenant, integration, clocks };
    let mut reconciled = Reconciled { is_complete: true, ..Reconciled::default() };
    for (day, which) in days {
        match comparing.day(day, which).await {
            Ok(Some((reports, unended))) => {
                reconciled.unended += unended;
                reconciled.reports.extend(reports);
            }
            Ok(None) => return Ok(Reconciled { is_complete: false, ..reconciled }),
            // The vendor's answers of that day cannot be read, and will not be: it keeps no other from being
            // compared.
            Err(error) if error.kind() == ErrorKind::VendorTrouble => {
                reconciled.failed.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(reconciled)
}

/// One store's day, as both sides count it.
struct StoreDay {
    vendor: DayTotals,
    /// When it begins and when the next one does.
    span: (Timestamp, Timestamp),
    found: DayCount,
    named: Vec<Value>,
}

impl StoreDay {
    fn vendor_count(&self) -> DayCount {
        DayCount {
            sale_lines: i64::try_from(self.vendor.sale_lines).unwrap_or(i64::MAX),
            return_lines: i64::try_from(self.vendor.return_lines).unwrap_or(i64::MAX),
            net: self.vendor.net_lines,
        }
    }

    /// Whether both sides count the same, and the vendor's side could be read whole.
    fn is_equal(&self, ours: DayCount) -> bool {
        self.vendor_count() == ours && self.vendor.malformed == 0
    }
}

struct Comparing<'a> {
    context: &'a Context,
    tenant: &'a Tenant,
    integration: &'a Integration,
    clocks: StoreClocks,
}

impl Comparing<'_> {
    async fn tenant(&self) -> Result<TenantTx, OpError> {
        Ok(self.context.database().await?.tenant(self.tenant.customer_id).await?)
    }

    /// Compares one day of the stores whose day it is; answers also how many stores were left out because
    /// it is not over, and nothing when it was told to stop.
    async fn day(
        &self,
        day: Date,
        which: Days,
    ) -> Result<Option<(Vec<ReconcileReport>, u64)>, OpError> {
        let (store_days, unended) = self.count_day(day, which).await?;
        Ok(self.compare(store_days, day).await?.map(|reports| (reports, unended)))
    }

    /// Counts a day of the stores whose day it is, at the vendor and here; answers also how many stores
    /// were left out because it is not over.
    async fn count_day(&self, day: Date, which: Days) -> Result<(Vec<StoreDay>, u64), OpError> {
        let Self { context, tenant, integration, clocks } = self;
        let line = context.connections().line(context, tenant, integration).await?;
        let counted = line.connector().day_totals(line.clone(), day, DayBasis::Created).await;
        let totals = match counted {
            Ok(totals) => totals,
            Err(error) => {
                let stream = Some(Stream::Transactions);
                failure::note(context, tenant, integration, stream, &error).await;
                return Err(error.into());
            }
        };
        let (mut days, mut unended) = (Vec::new(), 0);
        for vendor in totals {
            let span = clocks.span_of(&vendor.store, day)?;
            if span.1 > context.now() {
                unended += 1;
            } else if which.has(span.1) {
                let found = self.count(&vendor.store, span).await?;
                days.push(StoreDay { vendor, span, found, named: Vec::new() });
            }
        }
        Ok((days, unended))
    }

    /// Names what differs, reads it again, and writes down how each store's day ended. `None` when it was
    /// told to stop before all was read: then nothing can be said of it.
    async fn compare(
        &self,
        mut days: Vec<StoreDay>,
        day: Date,
    ) -> Result<Option<Vec<ReconcileReport>>, OpError> {
        let mut quarantined = 0;
        if days.iter().any(|day| !day.is_equal(day.found)) {
            if !self.name_differences(&mut days, day).await? {
                return Ok(None);
            }
            match self.read_again(day).await? {
                Some(refused) => quarantined = refused,
                None => return Ok(None),
            }
        }
        let mut reports = Vec::new();
        for store_day in days {
            reports.push(self.conclude(store_day, quarantined).await?);
        }
        Ok(Some(reports))
    }

    async fn count(&self, store: &str, span: (Timestamp, Timestamp)) -> Result<DayCount, OpError> {
        let tx = self.tenant().await?;
        let count = tx.count_lines(&self.integration.source, store, span).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Reads the day at the vendor once more, line by line, and says of each store which lines differ;
    /// `false` when it was told to stop.
    async fn name_differences(&self, days: &mut [StoreDay], day: Date) -> Result<bool, OpError> {
        let differing = days.iter().filter(|day| !day.is_equal(day.found));
        let mut told = VendorLines::of(differing.map(|day| (day.vendor.store.clone(), day.span)));
        if !self.read_vendor_lines(day, &mut told).await? {
            return Ok(false);
        }
        for store_day in days.iter_mut().filter(|day| !day.is_equal(day.found)) {
            let store = store_day.vendor.store.clone();
            let ours = if told.is_full() {
                Vec::new()
            } else {
                let tx = self.tenant().await?;
                let source = &self.integration.source;
                let ours = tx.lines_of(source, &store, store_day.span, HELD + 1).await?;
                tx.commit().await?;
                ours
            };
            store_day.named = told.differences(&store, &ours, NAMED);
        }
        Ok(true)
    }

    /// Reads the vendor's lines of all that changed since a day began; `false` when it was told to stop.
    async fn read_vendor_lines(&self, day: Date, told: &mut VendorLines) -> Result<bool, OpError> {
        let Self { context, tenant, integration, .. } = self;
        let line = context.connections().line(context, tenant, integration).await?;
        let span = Some(self.widest(day)?);
        let open =
            OpenRequest { stream: Stream::Transactions, cursor: None, span, reach: Reach::Whole };
        let source = line.connector().open(line.clone(), open)?;
        let mut source = context.precedence().behind_live(source);
        while let Some(block) = source.next_block().await.map_err(failure::of_source)? {
            for draft in block.drafts.into_iter().flatten() {
                told.take(&draft);
            }
            if told.is_full() {
                return Ok(true);
            }
            if context.talk().should_stop() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Everything that changed since the day began anywhere: an order of the day may have changed
    /// since.
    fn widest(&self, day: Date) -> Result<Span, OpError> {
        let utc = jiff::tz::TimeZone::UTC;
        let midnight = day
            .to_zoned_datetime(utc)
            .map_err(|error| OpError::usage(format!("{day} cannot be compared: {error}")))?;
        // No clock of the world is more than 14 hours ahead.
        let from = midnight.timestamp() - SignedDuration::from_hours(14);
        Ok(Span { from, until: self.context.now() })
    }

    /// Syncs all that changed since the day began; answers how many of its records are in quarantine, and
    /// nothing when it was told to stop.
    async fn read_again(&self, day: Date) -> Result<Option<u64>, OpError> {
        let Self { context, tenant, integration, .. } = self;
        let request =
            SyncRequest { span: Some(self.widest(day)?), ..SyncRequest::new(Stream::Transactions) };
        let report = sync_stream(context, tenant, integration, &request).await?;
        Ok((!report.is_stopped()).then_some(report.counts.quarantined))
    }

    /// Counts again and writes down how a store's day ended.
    async fn conclude(
        &self,
        store_day: StoreDay,
        quarantined: u64,
    ) -> Result<ReconcileReport, OpError> {
        let (vendor, found, span) = (store_day.vendor_count(), store_day.found, store_day.span);
        let StoreDay { vendor: told, named, .. } = store_day;
        let DayTotals { store, day, currency, malformed, net_orders, uneven, uneven_count, .. } =
            told;
        // What could not be read is in neither count, and its money in neither sum. An order whose lines do
        // not come to what the vendor says of it is read wrongly, and would be again.
        let outcome = if malformed > 0 || uneven_count > 0 {
            ReconciliationOutcome::Differs
        } else if vendor == found {
            ReconciliationOutcome::Equal
        } else if vendor == self.count(&store, span).await? {
            ReconciliationOutcome::Repaired
        } else {
            ReconciliationOutcome::Differs
        };
        let of_this = if vendor == found { malformed } else { quarantined.max(malformed) };
        let compared = Reconciliation {
            external_store_id: store.clone(),
            business_date: day,
            currency: currency.code().to_owned(),
            vendor: DayCount { net: net_orders, ..vendor },
            found,
            quarantined_lines: i64::try_from(of_this).unwrap_or(i64::MAX),
            outcome,
            differences: uneven.iter().map(uneven_order).chain(named).take(NAMED).collect(),
            compared_at: None,
        };
        let tx = self.tenant().await?;
        tx.keep_reconciliation(self.integration.integration_id, &compared).await?;
        tx.commit().await?;
        Ok(report(compared))
    }
}

/// Names an order whose lines do not come to what the vendor says of it.
fn uneven_order(UnevenOrder { order, told, read }: &UnevenOrder) -> Value {
    json!({ "record": order, "vendor": told, "here": read,
        "difference": "its lines do not come to its total; reading it again does not mend that" })
}

fn report(compared: Reconciliation) -> ReconcileReport {
    let lines = |count: DayCount| count.sale_lines + count.return_lines;
    ReconcileReport {
        store: compared.external_store_id,
        day: compared.business_date.to_string(),
        outcome: compared.outcome.name().to_owned(),
        vendor_lines: lines(compared.vendor),
        our_lines: lines(compared.found),
        vendor_net: compared.vendor.net.to_string(),
        our_net: compared.found.net.to_string(),
        currency: compared.currency,
        quarantined_lines: compared.quarantined_lines,
        differences: compared.differences,
    }
}
