//! A source that reads records from memory, in blocks.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::quarantine::Position;
use shelfops_ingest::records::{Draft, Withdrawn};
use shelfops_ingest::source::{RawRecords, Source, SourceBlock, SourceError};
use shelfops_ingest::values::{Conventions, NumberFormat, StoreZones, Text, TimeFormat};
use uuid::Uuid;

/// A record as its source tells it: fields by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    fields: Vec<(&'static str, String)>,
    replay_of: Option<Uuid>,
}

impl Told {
    /// The same, read from quarantine.
    pub(crate) fn replayed(mut self, quarantined_record_id: Uuid) -> Self {
        self.replay_of = Some(quarantined_record_id);
        self
    }

    /// Tells fields.
    pub(crate) fn new(fields: &[(&'static str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { fields, replay_of: None }
    }

    /// The same with one field told otherwise.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, value.to_string()));
        self
    }

    /// The same without a field.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| *known != name);
        self
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The same, taken back.
    pub(crate) fn withdrawn(self) -> Self {
        self.with("withdrawn", "")
    }

    /// Reads it as what its source takes back, where it does.
    fn as_withdrawn(&self) -> Option<Withdrawn> {
        self.value("withdrawn")?;
        let at = |name: &str| self.value(name).unwrap().parse().unwrap();
        Some(Withdrawn {
            external_id: Text::new(self.value("external_id").unwrap()),
            store: Text::new(self.value("store").unwrap()),
            occurred_at: at("occurred_at"),
            updated_at: at("updated_at"),
        })
    }

    /// Reads the record as one of a stream.
    pub(crate) fn draft(&self, stream: Stream) -> Draft {
        let conventions = Conventions {
            time_format: TimeFormat::Iso,
            number_format: NumberFormat::Plain,
            zones: StoreZones::single(TimeZone::UTC),
            currency: None,
            negative_quantity_is_return: false,
        };
        let mut draft =
            Draft::read(stream, |index| self.value(stream.fields()[index].name), &conventions);
        if let Draft::Transaction(line) = &mut draft {
            line.order_lines = self.value("order_lines").map(|count| count.parse().unwrap());
        }
        draft
    }
}

/// Reads records from memory.
pub(crate) struct MemorySource {
    /// Which records.
    pub(crate) stream: Stream,
    /// All of them.
    pub(crate) told: Vec<Told>,
    /// The one to read next: the cursor.
    pub(crate) next: usize,
    /// How many at once.
    pub(crate) block_size: usize,
}

/// A block's records as they were told.
pub(crate) struct RawTold {
    /// How many came before.
    pub(crate) before: usize,
    /// The records.
    pub(crate) told: Vec<Told>,
}

impl RawRecords for RawTold {
    fn position(&self, index: usize) -> Position {
        Position { record: (self.before + index + 1) as u64, line: None }
    }

    fn raw(&self, index: usize) -> Value {
        let fields = self.told[index].fields.iter();
        Value::Object(fields.map(|(name, value)| ((*name).to_owned(), json!(value))).collect())
    }

    fn memory_bytes(&self) -> usize {
        self.told.len() * 100
    }

    fn replay_of(&self, index: usize) -> Option<Uuid> {
        self.told[index].replay_of
    }
}

impl Source for MemorySource {
    fn stream(&self) -> Stream {
        self.stream
    }

    fn total_bytes(&self) -> Option<u64> {
        None
    }

    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, SourceError>> {
        async move {
            let end = (self.next + self.block_size).min(self.told.len());
            if end == self.next {
                return Ok(None);
            }
            let mut told = self.told[self.next..end].to_vec();
            let withdrawn = told.iter().filter_map(Told::as_withdrawn).collect();
            told.retain(|told| told.as_withdrawn().is_none());
            let drafts = told.iter().map(|told| Ok(told.draft(self.stream))).collect();
            let raw = Arc::new(RawTold { before: self.next, told });
            self.next = end;
            let cursor = Cursor::new(json!(end));
            Ok(Some(SourceBlock { drafts, raw, withdrawn, cursor, bytes_read: end as u64 }))
        }
        .boxed()
    }
}
