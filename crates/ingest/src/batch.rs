//! What is written together: records, quarantined records and the cursor behind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cursor::Cursor;
use crate::quarantine::QuarantinedRecord;
use crate::records::{Record, Withdrawn};
use crate::source::RawRecords;

/// Records that passed the rules of one block, with those that did not.
pub struct ValidBlock {
    /// The records to stage.
    pub accepted: Vec<Accepted>,
    /// The records to quarantine.
    pub quarantined: Vec<QuarantinedRecord>,
    /// Row numbers staged earlier in this batch that a newer version in this block replaces.
    pub superseded: Vec<u32>,
    /// The indexes of records that told nothing new: the batch holds the same, or a newer version.
    pub repeated: Vec<u32>,
    /// What the source takes back of what it told before; the batch may hold it as well.
    pub withdrawn: Vec<Withdrawn>,
    /// The block as the source told it, for what the sink may still refuse.
    pub raw: Arc<dyn RawRecords>,
}

/// A record and where it came from.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The record.
    pub record: Record,
    /// Its number within the batch, unique and increasing.
    pub row_number: u32,
    /// Its index within the block's raw records.
    pub raw_index: u32,
}

/// What makes a batch durable: where to resume, and the batch's part of the counts.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Where to resume.
    pub cursor: Cursor,
    /// Whether the source is read to its end.
    pub is_last: bool,
    /// What the pipeline counted before the sink.
    pub counts: BatchCounts,
}

/// What the pipeline itself decided of a batch's records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchCounts {
    /// Records read.
    pub read: u64,
    /// Records that said the same as one before them in the batch.
    pub repeated: u64,
    /// Records that a newer version in the batch replaced.
    pub superseded: u64,
    /// Records quarantined, by rule.
    pub quarantined: BTreeMap<&'static str, u64>,
    /// Records loaded with a warning, by rule.
    pub warnings: BTreeMap<&'static str, u64>,
}

/// What a sink made of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// New rows.
    pub inserted: u64,
    /// Rows that a newer version replaced.
    pub updated: u64,
    /// Records that the table already held, word for word or in a newer version.
    pub unchanged: u64,
    /// Stores, products and suppliers created because records named them.
    pub created_references: u64,
    /// Records that the sink refused, by rule.
    pub quarantined: BTreeMap<&'static str, u64>,
}

/// What became of every record of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records read.
    pub read: u64,
    /// New rows.
    pub inserted: u64,
    /// Rows replaced by a newer version.
    pub updated: u64,
    /// Records that changed nothing: known already, repeated or superseded within the batch.
    pub unchanged: u64,
    /// Stores, products and suppliers created because records named them.
    pub created_references: u64,
    /// Records quarantined, by rule.
    pub quarantined: BTreeMap<&'static str, u64>,
    /// Records loaded with a warning, by rule.
    pub warnings: BTreeMap<&'static str, u64>,
    /// Batches committed.
    pub batches: u64,
}

impl Totals {
    /// Adds one committed batch.
    pub fn add(&mut self, counts: &BatchCounts, written: &Written) {
        self.read += counts.read;
        self.inserted += written.inserted;
        self.updated += written.updated;
        self.unchanged += written.unchanged + counts.repeated + counts.superseded;
        self.created_references += written.created_references;
        for by_rule in [&counts.quarantined, &written.quarantined] {
            for (rule, count) in by_rule {
                *self.quarantined.entry(rule).or_default() += count;
            }
        }
        for (rule, count) in &counts.warnings {
            *self.warnings.entry(rule).or_default() += count;
        }
        self.batches += 1;
    }

    /// Returns how many records are in quarantine because of this run.
    pub fn quarantined_count(&self) -> u64 {
        self.quarantined.values().sum()
    }

    /// Whether every record read is accounted for: the sum a user would check by hand.
    pub fn is_balanced(&self) -> bool {
        let settled = self.inserted + self.updated + self.unchanged + self.quarantined_count();
        self.read == settled
    }
}
