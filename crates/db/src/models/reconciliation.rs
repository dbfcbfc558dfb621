//! What a vendor counts and what we count, store by store and day by day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use shelfops_ingest::SourceName;
use uuid::Uuid;

use super::{system_time, timestamp};
use crate::error::doing;
use crate::{DbError, TenantTx};

/// A store's lines of a span of time, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DayCount {
    /// Lines of sales.
    pub sale_lines: i64,
    /// Lines of returns.
    pub return_lines: i64,
    /// Sales less returns.
    pub net: Decimal,
}

/// One line as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayLine {
    /// The vendor's id.
    pub external_id: String,
    /// Whether it was taken back.
    pub is_return: bool,
    /// What it came to.
    pub total: Decimal,
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReconciliationOutcome {
    /// Both counted the same.
    Equal,
    /// They did not; reading again made them.
    Repaired,
    /// They still do not.
    Differs,
}

/// A comparison of one store's day.
#[derive(Clone, Debug, Serialize)]
pub struct Reconciliation {
    /// The vendor's id of the store.
    pub external_store_id: String,
    /// The day by the store's own clock.
    pub business_date: Date,
    /// The currency of the amounts.
    pub currency: String,
    /// What the vendor counts.
    pub vendor: DayCount,
    /// What we counted before anything was repaired.
    pub found: DayCount,
    /// Lines that the vendor tells and that are in quarantine.
    pub quarantined_lines: i64,
    /// How it ended.
    pub outcome: ReconciliationOutcome,
    /// Some of the records that differ or differed.
    pub differences: Value,
    /// When they were compared.
    pub compared_at: Option<Timestamp>,
}

impl ReconciliationOutcome {
    /// Returns the word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Repaired => "repaired",
            Self::Differs => "differs",
        }
    }

    fn parse(name: &str) -> Self {
        match name {
            "equal" => Self::Equal,
            "repaired" => Self::Repaired,
            _ => Self::Differs,
        }
    }
}

impl TenantTx {
    /// Counts a store's lines from one moment until before another.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn count_lines(
        &self,
        source: &SourceName,
        external_store_id: &str,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<DayCount, DbError> {
        let row = self
            .query_one(
                "select
                     count(*) filter (where line.transaction_type = 'sale'),
                     count(*) filter (where line.transaction_type = 'return'),
                     coalesce(sum(
                         case line.transaction_type
                             when 'sale' then line.total_amount
                             when 'return' then -line.total_amount
                         end), 0)
                 from external_ids as store
                 join transactions as line
                     on line.customer_id = store.customer_id and line.store_id = store.store_id
                 where store.customer_id = $1 and store.source = $2 and store.entity = 'store'
                     and store.external_id = $3
                     and line.customer_id = $1 and line.source = $2
                     and line.occurred_at >= $4 and line.occurred_at < $5",
                &[
                    &self.customer_id().as_uuid(),
                    &source.as_str(),
                    &external_store_id,
                    &system_time(from),
                    &system_time(until),
                ],
            )
            .await
            .map_err(doing("count a store's day"))?;
        Ok(DayCount { sale_lines: row.get(0), return_lines: row.get(1), net: row.get(2) })
    }

    /// Returns a store's lines from one moment until before another, by id; so many of them at most.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn lines_of(
        &self,
        source: &SourceName,
        external_store_id: &str,
        (from, until): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<DayLine>, DbError> {
        let rows = self
            .query(
                "select line.external_id, line.transaction_type = 'return', line.total_amount
                 from external_ids as store
                 join transactions as line
                     on line.customer_id = store.customer_id and line.store_id = store.store_id
                 where store.customer_id = $1 and store.source = $2 and store.entity = 'store'
                     and store.external_id = $3
                     and line.customer_id = $1 and line.source = $2
                     and line.occurred_at >= $4 and line.occurred_at < $5
                     and line.transaction_type in ('sale', 'return')
                 order by line.external_id
                 limit $6",
                &[
                    &self.customer_id().as_uuid(),
                    &source.as_str(),
                    &external_store_id,
                    &system_time(from),
                    &system_time(until),
                    &i64::try_from(limit).unwrap_or(i64::MAX),
                ],
            )
            .await
            .map_err(doing("read a store's day"))?;
        Ok(rows
            .iter()
            .map(|row| DayLine {
                external_id: row.get(0),
                is_return: row.get(1),
                total: row.get(2),
            })
            .collect())
    }

    /// Writes a comparison down; one of the same store and day is replaced. What was repaired stays said
    /// when a later comparison finds nothing: it finds nothing because of that.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn keep_reconciliation(
        &self,
        integration_id: Uuid,
        compared: &Reconciliation,
    ) -> Result<(), DbError> {
        let is_equal = compared.outcome == ReconciliationOutcome::Equal;
        if is_equal && self.confirm_repaired(integration_id, compared).await? {
            return Ok(());
        }
        self.execute(
            "insert into reconciliations
                 (customer_id, integration_id, external_store_id, business_date, currency,
                  vendor_sale_lines, vendor_return_lines, vendor_net,
                  found_sale_lines, found_return_lines, found_net,
                  quarantined_lines, outcome, differences)
             values ($1, $2, $3, $4::text::date, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             on conflict (customer_id, integration_id, external_store_id, business_date)
             do update set
                 currency = excluded.currency,
                 vendor_sale_lines = excluded.vendor_sale_lines,
                 vendor_return_lines = excluded.vendor_return_lines,
                 vendor_net = excluded.vendor_net,
                 found_sale_lines = excluded.found_sale_lines,
                 found_return_lines = excluded.found_return_lines,
                 found_net = excluded.found_net,
                 quarantined_lines = excluded.quarantined_lines,
                 outcome = excluded.outcome,
                 differences = excluded.differences,
                 compared_at = excluded.compared_at",
            &[
                &self.customer_id().as_uuid(),
                &integration_id,
                &compared.external_store_id,
                &compared.business_date.to_string(),
                &compared.currency,
                &compared.vendor.sale_lines,
                &compared.vendor.return_lines,
                &compared.vendor.net,
                &compared.found.sale_lines,
                &compared.found.return_lines,
                &compared.found.net,
                &compared.quarantined_lines,
                &compared.outcome.name(),
                &compared.differences,
            ],
        )
        .await
        .map_err(doing("write the comparison down"))?;
        Ok(())
    }

    /// Says of a comparison that ended with a repair that it holds; answers whether there is one.
    async fn confirm_repaired(
        &self,
        integration_id: Uuid,
        compared: &Reconciliation,
    ) -> Result<bool, DbError> {
        let confirmed = self
            .execute(
                "update reconciliations
                 set compared_at = now(), currency = $5, vendor_sale_lines = $6,
                     vendor_return_lines = $7, vendor_net = $8, quarantined_lines = $9
                 where customer_id = $1 and integration_id = $2 and external_store_id = $3
                     and business_date = $4::text::date and outcome = 'repaired'",
                &[
                    &self.customer_id().as_uuid(),
                    &integration_id,
                    &compared.external_store_id,
                    &compared.business_date.to_string(),
                    &compared.currency,
                    &compared.vendor.sale_lines,
                    &compared.vendor.return_lines,
                    &compared.vendor.net,
                    &compared.quarantined_lines,
                ],
            )
            .await
            .map_err(doing("look for a comparison that ended with a repair"))?;
        Ok(confirmed > 0)
    }

    /// Returns the days that were compared of each of an integration's stores, by the vendor's ids; one on which
    /// any of them differed, of those since `unsettled_from`, is not done.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn compared_days(
        &self,
        integration_id: Uuid,
        unsettled_from: Date,
    ) -> Result<BTreeMap<String, BTreeSet<Date>>, DbError> {
        let rows = self
            .query(
                "select external_store_id, business_date::text from reconciliations as compared
                 where customer_id = $1 and integration_id = $2
                     and (business_date < $3::text::date or not exists (
                         select from reconciliations as other
                         where other.customer_id = $1 and other.integration_id = $2
                             and other.business_date = compared.business_date
                             and other.outcome = 'differs'))
                 union
                 -- Since when there are comparisons, whatever came of the first.
                 select external_store_id, min(business_date)::text from reconciliations
                 where customer_id = $1 and integration_id = $2
                 group by external_store_id",
                &[&self.customer_id().as_uuid(), &integration_id, &unsettled_from.to_string()],
            )
            .await
            .map_err(doing("look for the days that were compared"))?;
        let mut compared: BTreeMap<String, BTreeSet<Date>> = BTreeMap::new();
        for row in &rows {
            let days = compared.entry(row.get(0)).or_default();
            days.extend(row.get::<_, &str>(1).parse::<Date>().ok());
        }
        Ok(compared)
    }

    /// Lists an integration's latest comparisons, newest day first.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn reconciliations(
        &self,
        integration_id: Uuid,
        limit: i64,
    ) -> Result<Vec<Reconciliation>, DbError> {
        let rows = self
            .query(
                "select external_store_id, business_date::text, currency,
                     vendor_sale_lines, vendor_return_lines, vendor_net,
                     found_sale_lines, found_return_lines, found_net,
                     quarantined_lines, outcome, differences, compared_at
                 from reconciliations
                 where customer_id = $1 and integration_id = $2
                 order by business_date desc, external_store_id
                 limit $3",
                &[&self.customer_id().as_uuid(), &integration_id, &limit],
            )
            .await
            .map_err(doing("list the comparisons"))?;
        Ok(rows
            .iter()
            .map(|row| Reconciliation {
                external_store_id: row.get(0),
                business_date: row.get::<_, &str>(1).parse().unwrap_or(Date::MIN),
                currency: row.get(2),
                vendor: DayCount {
                    sale_lines: row.get(3),
                    return_lines: row.get(4),
                    net: row.get(5),
                },
                found: DayCount {
                    sale_lines: row.get(6),
                    return_lines: row.get(7),
                    net: row.get(8),
                },
                quarantined_lines: row.get(9),
                outcome: ReconciliationOutcome::parse(row.get(10)),
                differences: row.get(11),
                compared_at: timestamp(row.get(12)),
            })
            .collect())
    }
}
