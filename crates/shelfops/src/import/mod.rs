//! Reads files into a tenant's tables, and records out of quarantine again.

mod choices;
mod dry_run;
mod file;
mod observer;
mod replay;
mod run_end;
mod source;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use shelfops_db::TenantTx;
use shelfops_db::models::TenantSettings;
use shelfops_ingest::SourceName;
use shelfops_ingest::batch::Totals;
use shelfops_ingest::values::{Conventions, NumberFormat, StoreZones, TimeFormat};

pub(crate) use choices::{Kind, UnknownPolicy};
pub(crate) use dry_run::{DryRun, dry_run, without_records};
pub(crate) use file::{FileReport, ImportRequest, import_file};
pub(crate) use observer::RunObserver;
pub(crate) use replay::{
    FailedReplay, Replay, ReplayReport, ReplayRequest, replay, replay_arrived,
};
pub(crate) use run_end::conclude;

use crate::ops::OpError;

/// How many records a batch has at most. Larger batches load faster; three may be in memory at once,
/// and this many take under 50 MB with what is kept of them for quarantine.
pub(crate) const BATCH_RECORDS: u32 = 160_000;

/// How much memory the raw records of a batch may take, in bytes.
pub(crate) const BATCH_BYTES: usize = 40 << 20;

/// What became of records, as every report tells it.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Counts {
    /// Records read.
    pub(crate) read: u64,
    /// New rows.
    pub(crate) inserted: u64,
    /// Rows replaced by a newer version.
    pub(crate) updated: u64,
    /// Records that changed nothing.
    pub(crate) unchanged: u64,
    /// Records in quarantine.
    pub(crate) quarantined: u64,
    /// Stores, products and suppliers made because records named them.
    pub(crate) created_references: u64,
    /// Quarantined records by rule.
    pub(crate) quarantined_by_rule: BTreeMap<String, u64>,
    /// Records that were loaded with a warning, by rule.
    pub(crate) warnings_by_rule: BTreeMap<String, u64>,
}

impl From<&Totals> for Counts {
    fn from(totals: &Totals) -> Self {
        let by_rule = |counts: &BTreeMap<&'static str, u64>| {
            counts.iter().map(|(rule, count)| ((*rule).to_owned(), *count)).collect()
        };
        Self {
            read: totals.read,
            inserted: totals.inserted,
            updated: totals.updated,
            unchanged: totals.unchanged,
            quarantined: totals.quarantined_count(),
            created_references: totals.created_references,
            quarantined_by_rule: by_rule(&totals.quarantined),
            warnings_by_rule: by_rule(&totals.warnings),
        }
    }
}

impl Counts {
    /// Adds another report's counts.
    pub(crate) fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.quarantined += other.quarantined;
        self.created_references += other.created_references;
        for (rule, count) in &other.quarantined_by_rule {
            *self.quarantined_by_rule.entry(rule.clone()).or_default() += count;
        }
        for (rule, count) in &other.warnings_by_rule {
            *self.warnings_by_rule.entry(rule.clone()).or_default() += count;
        }
    }
}

/// Returns how a tenant's records are read where the mapping is silent: by each store's own clock,
/// in the tenant's currency.
async fn conventions(
    tx: &TenantTx,
    settings: &TenantSettings,
    source: &SourceName,
) -> Result<Conventions, OpError> {
    let stores = tx.store_zones(source).await?;
    Ok(Conventions {
        time_format: TimeFormat::default(),
        number_format: NumberFormat::default(),
        zones: StoreZones::by_store(settings.time_zone.clone(), stores),
        currency: settings.currency,
        negative_quantity_is_return: false,
    })
}
