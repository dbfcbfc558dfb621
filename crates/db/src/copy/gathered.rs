//! Quarantined records that are gathered before they are written, and how much memory they take.

use shelfops_ingest::quarantine::QuarantinedRecord;

/// How many are gathered: what one statement writes.
const RECORDS: usize = 5_000;

/// How much memory they may take: a record of ten thousand columns takes a megabyte.
const BYTES: usize = 8 << 20;

/// Records on their way to quarantine.
#[derive(Default)]
pub(super) struct Gathered {
    records: Vec<QuarantinedRecord>,
    bytes: usize,
}

impl Gathered {
    /// Adds one.
    pub(super) fn push(&mut self, record: QuarantinedRecord) {
        self.bytes += record.memory_bytes();
        self.records.push(record);
    }

    /// Adds some.
    pub(super) fn extend(&mut self, records: Vec<QuarantinedRecord>) {
        for record in records {
            self.push(record);
        }
    }

    /// Whether there are so many that they had better be written.
    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= RECORDS || self.bytes >= BYTES
    }

    /// Returns them.
    pub(super) fn records(&self) -> &[QuarantinedRecord] {
        &self.records
    }

    /// Keeps some.
    pub(super) fn retain(&mut self, keep: impl Fn(&QuarantinedRecord) -> bool) {
        self.records.retain(keep);
        self.bytes = self.records.iter().map(QuarantinedRecord::memory_bytes).sum();
    }

    /// Forgets them, and gives their memory back.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
