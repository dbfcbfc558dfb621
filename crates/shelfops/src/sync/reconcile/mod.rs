//! Compares a day's sales with the vendor's, store by store: reads again what differs, and names the
//! records.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use shelfops_db::TenantTx;
use shelfops_db::models::{
    DayCount, DayLine, Integration, Reconciliation, ReconciliationOutcome, Tenant,
};
use shelfops_ingest::Stream;
use shelfops_ingest::records::{Draft, TransactionType};
use shelfops_ingest::values::{StoreZones, Text};
use shelfops_integrations::connector::{DayBasis, DayTotals, OpenRequest, Reach, Span};

use super::failure;
use super::stream::{SyncRequest, sync_stream};
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
    /// Sales less returns, as the vendor counts.
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

/// Compares a day of every store with the vendor, reads again what differs, and writes down how it
/// ended.
///
/// # Errors
/// Fails when the vendor or the database does.
pub(crate) async fn reconcile(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    day: Date,
) -> Result<Vec<ReconcileReport>, OpError> {
    let line = context.connections().line(context, tenant, integration).await?;
    let counted = line.connector().day_totals(line.clone(), day, DayBasis::Created).await;
    let totals = match counted {
        Ok(totals) => totals,
        Err(error) => {
            failure::note(context, tenant, integration, &error).await;
            return Err(error.into());
        }
    };
    let comparing = Comparing { context, tenant, integration };
    let mut days = Vec::new();
    for vendor in totals {
        let found = comparing.count(&vendor.store, day).await?;
        days.push(StoreDay { vendor, found, named: Vec::new() });
    }
    let mut quarantined = 0;
    if days.iter().any(|day| !day.is_equal(day.found)) {
        comparing.name_differences(&mut days, day).await?;
        quarantined = comparing.read_again(day).await?;
    }
    let mut reports = Vec::new();
    for store_day in days {
        reports.push(comparing.conclude(store_day, quarantined).await?);
    }
    Ok(reports)
}

/// One store's day, as both sides count it.
struct StoreDay {
    vendor: DayTotals,
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

    fn is_equal(&self, ours: DayCount) -> bool {
        self.vendor_count() == ours
    }
}

struct Comparing<'a> {
    context: &'a Context,
    tenant: &'a Tenant,
    integration: &'a Integration,
}

impl Comparing<'_> {
    async fn tenant(&self) -> Result<TenantTx, OpError> {
        Ok(self.context.database().await?.tenant(self.tenant.customer_id).await?)
    }

    async fn count(&self, store: &str, day: Date) -> Result<DayCount, OpError> {
        let tx = self.tenant().await?;
        let span = self.span_of(&tx, store, day).await?;
        let count = tx.count_lines(&self.integration.source, store, span).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Returns when a store's day begins and when the next one does.
    async fn span_of(
        &self,
        tx: &TenantTx,
        store: &str,
        day: Date,
    ) -> Result<(Timestamp, Timestamp), OpError> {
        let zones = tx.store_zones(&self.integration.source).await?;
        let settings = tx.settings().await?;
        let zones = StoreZones::by_store(settings.time_zone, zones);
        let zone = zones.zone_of(Some(&Text::new(store)));
        let starts = |day: Date| {
            let zoned = day.to_zoned_datetime(zone.clone());
            zoned.map(|zoned| zoned.timestamp()).map_err(|error| {
                OpError::usage(format!("{day} is no day that can be compared: {error}"))
            })
        };
        let next = day.tomorrow().map_err(|error| OpError::usage(error.to_string()))?;
        Ok((starts(day)?, starts(next)?))
    }

    /// Reads the day at the vendor once more, line by line, and says of each store which lines differ.
    async fn name_differences(&self, days: &mut [StoreDay], day: Date) -> Result<(), OpError> {
        let mut theirs = self.vendor_lines(day).await?;
        for store_day in days.iter_mut().filter(|day| !day.is_equal(day.found)) {
            let store = store_day.vendor.store.clone();
            let tx = self.tenant().await?;
            let span = self.span_of(&tx, &store, day).await?;
            let ours = tx.lines_of(&self.integration.source, &store, span).await?;
            tx.commit().await?;
            let mut told = theirs.remove(&store).unwrap_or_default();
            told.retain(|line| span.0 <= line.occurred_at && line.occurred_at < span.1);
            store_day.named = differences(&told, &ours);
        }
        Ok(())
    }

    /// Returns the vendor's lines of all that changed since a day began, by store.
    async fn vendor_lines(&self, day: Date) -> Result<BTreeMap<String, Vec<VendorLine>>, OpError> {
        let Self { context, tenant, integration } = self;
        let line = context.connections().line(context, tenant, integration).await?;
        let span = Some(self.widest(day)?);
        let open =
            OpenRequest { stream: Stream::Transactions, cursor: None, span, reach: Reach::Whole };
        let mut source = line.connector().open(line.clone(), open)?;
        let mut lines: BTreeMap<String, Vec<VendorLine>> = BTreeMap::new();
        loop {
            let block = source.next_block().await.map_err(|error| {
                OpError::failed(format!("could not read the vendor's day: {error}"))
            })?;
            let Some(block) = block else { return Ok(lines) };
            for draft in block.drafts.into_iter().flatten() {
                let Draft::Transaction(draft) = draft else { continue };
                let (Some(store), Some(line)) = (draft.store.value(), VendorLine::of(&draft))
                else {
                    continue;
                };
                lines.entry(store.to_string()).or_default().push(line);
            }
        }
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

    /// Syncs all that changed since the day began; answers how many of its records are in quarantine.
    async fn read_again(&self, day: Date) -> Result<u64, OpError> {
        let Self { context, tenant, integration } = self;
        let request =
            SyncRequest { span: Some(self.widest(day)?), ..SyncRequest::new(Stream::Transactions) };
        let report = sync_stream(context, tenant, integration, &request).await?;
        Ok(report.counts.quarantined)
    }

    /// Counts again and writes down how a store's day ended.
    async fn conclude(
        &self,
        store_day: StoreDay,
        quarantined: u64,
    ) -> Result<ReconcileReport, OpError> {
        let (vendor, found) = (store_day.vendor_count(), store_day.found);
        let StoreDay { vendor: DayTotals { store, day, currency, malformed, .. }, named, .. } =
            store_day;
        let outcome = if vendor == found {
            ReconciliationOutcome::Equal
        } else if vendor == self.count(&store, day).await? {
            ReconciliationOutcome::Repaired
        } else {
            ReconciliationOutcome::Differs
        };
        let of_this = if vendor == found { malformed } else { quarantined.max(malformed) };
        let compared = Reconciliation {
            external_store_id: store.clone(),
            business_date: day,
            currency: currency.code().to_owned(),
            vendor,
            found,
            quarantined_lines: i64::try_from(of_this).unwrap_or(i64::MAX),
            outcome,
            differences: Value::Array(named),
            compared_at: None,
        };
        let tx = self.tenant().await?;
        tx.keep_reconciliation(self.integration.integration_id, &compared).await?;
        tx.commit().await?;
        Ok(report(compared))
    }
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

/// A line as the vendor tells it.
struct VendorLine {
    line: DayLine,
    occurred_at: Timestamp,
}

impl VendorLine {
    fn of(draft: &shelfops_ingest::records::TransactionDraft) -> Option<Self> {
        let is_return = match draft.transaction_type.value()? {
            TransactionType::Sale => false,
            TransactionType::Return => true,
            _ => return None,
        };
        Some(Self {
            line: DayLine {
                external_id: draft.external_id.value()?.to_string(),
                is_return,
                total: draft.total_amount.value().copied().unwrap_or(Decimal::ZERO),
            },
            occurred_at: draft.occurred_at.value()?.instant,
        })
    }
}

/// Says which lines one side has and the other has not, or has otherwise.
fn differences(theirs: &[VendorLine], ours: &[DayLine]) -> Vec<Value> {
    let known: BTreeMap<&str, &DayLine> =
        ours.iter().map(|line| (line.external_id.as_str(), line)).collect();
    // Told twice within the span where it changed meanwhile: the later one counts.
    let told: BTreeMap<&str, &DayLine> =
        theirs.iter().map(|told| (told.line.external_id.as_str(), &told.line)).collect();
    let mut named = Vec::new();
    for (id, line) in &told {
        match known.get(id) {
            None => named.push(json!({ "record": id, "difference": "missing here",
                "vendor": line.total })),
            Some(other) if other != line => named.push(json!({ "record": id,
                "difference": "told otherwise", "vendor": line.total, "here": other.total })),
            Some(_) => {}
        }
    }
    for line in ours.iter().filter(|line| !told.contains_key(line.external_id.as_str())) {
        named.push(json!({ "record": line.external_id, "difference": "missing at the vendor",
            "here": line.total }));
    }
    named.truncate(NAMED);
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, total: i64) -> DayLine {
        DayLine { external_id: id.to_owned(), is_return: false, total: Decimal::from(total) }
    }

    #[test]
    fn records_that_differ_are_named_on_both_sides() {
        let told =
            |id, total| VendorLine { line: line(id, total), occurred_at: Timestamp::UNIX_EPOCH };
        let theirs = [told("a", 1), told("b", 1), told("b", 2), told("c", 3)];
        let named = differences(&theirs, &[line("b", 2), line("c", 4), line("d", 5)]);
        let shown: Vec<_> = named
            .iter()
            .map(|named| (named["record"].as_str(), named["difference"].as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                (Some("a"), Some("missing here")),
                (Some("c"), Some("told otherwise")),
                (Some("d"), Some("missing at the vendor")),
            ]
        );
    }
}
