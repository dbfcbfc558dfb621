//! The pipeline in memory: every record is accounted for, whatever the batch size.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::{BatchLimit, Observer, Outcome, PipelineError, Progress, Settings, run};
use crate::Stream;
use crate::batch::{Checkpoint, ValidBlock, Written};
use crate::cursor::Cursor;
use crate::quarantine::{Position, QuarantinedRecord};
use crate::records::{Draft, Record};
use crate::sink::{BatchWriter, Sink, SinkError};
use crate::source::{Malformed, RawRecords, Source, SourceBlock, SourceError};
use crate::values::{Conventions, NumberFormat, StoreZones, TimeFormat};

/// `id price updated_at` lines of a product list.
struct Lines {
    lines: Vec<String>,
    next: usize,
    block_size: usize,
    breaks_off_at: usize,
    panics_at: usize,
}

struct RawLines(usize, Vec<String>);

impl RawRecords for RawLines {
    fn position(&self, index: usize) -> Position {
        Position { record: (self.0 + index + 1) as u64, line: None }
    }

    fn raw(&self, index: usize) -> Value {
        json!(self.1[index])
    }

    fn memory_bytes(&self) -> usize {
        self.1.iter().map(String::len).sum()
    }
}

impl Source for Lines {
    fn stream(&self) -> Stream {
        Stream::Products
    }

    fn total_bytes(&self) -> Option<u64> {
        None
    }

    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, SourceError>> {
        async move {
            let end = (self.next + self.block_size).min(self.lines.len());
            if self.next >= self.breaks_off_at {
                return Err(SourceError::new("the file is truncated"));
            }
            assert!(self.next < self.panics_at, "a source with a fault");
            let taken = self.lines[self.next..end].to_vec();
            if taken.is_empty() {
                return Ok(None);
            }
            let drafts = taken.iter().map(|line| read(line)).collect();
            let raw = Arc::new(RawLines(self.next, taken));
            self.next = end;
            Ok(Some(SourceBlock {
                drafts,
                raw,
                withdrawn: Vec::new(),
                cursor: Cursor::new(json!(end)),
                bytes_read: end as u64,
            }))
        }
        .boxed()
    }
}

fn read(line: &str) -> Result<Draft, Malformed> {
    let parts: Vec<&str> = line.split(' ').collect();
    if parts.len() != 3 {
        return Err(Malformed { reason: format!("{} parts", parts.len()) });
    }
    let conventions = Conventions {
        time_format: TimeFormat::Iso,
        number_format: NumberFormat::Plain,
        zones: StoreZones::single(TimeZone::UTC),
        currency: None,
        negative_quantity_is_return: false,
    };
    let value = |index: usize| match Stream::Products.fields()[index].name {
        "external_id" => Some(parts[0]),
        "unit_price" => Some(parts[1]),
        "updated_at" => Some(parts[2]),
        _ => None,
    };
    Ok(Draft::read(Stream::Products, value, &conventions))
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    prices: BTreeMap<String, String>,
    quarantined: Vec<QuarantinedRecord>,
    cursors: Vec<Value>,
    fail_at_batch: Option<usize>,
}

struct MemoryWriter {
    sink: Memory,
    blocks: Vec<ValidBlock>,
    merged: Vec<(String, String)>,
    cursor: Option<Value>,
}

impl Sink for Memory {
    type Writer = MemoryWriter;

    async fn begin(&self) -> Result<MemoryWriter, SinkError> {
        let (blocks, merged) = (Vec::new(), Vec::new());
        Ok(MemoryWriter { sink: self.clone(), blocks, merged, cursor: None })
    }
}

impl BatchWriter for MemoryWriter {
    async fn stage(&mut self, block: ValidBlock) -> Result<(), SinkError> {
        self.blocks.push(block);
        Ok(())
    }

    async fn merge(&mut self, checkpoint: Checkpoint) -> Result<Written, SinkError> {
        // Later batches are merged sooner, whenever both are at it.
        if checkpoint.counts.read.is_multiple_of(2) {
            tokio::task::yield_now().await;
        }
        let blocks = &self.blocks;
        let superseded: Vec<u32> =
            blocks.iter().flat_map(|block| block.superseded.clone()).collect();
        for accepted in blocks.iter().flat_map(|block| &block.accepted) {
            if !superseded.contains(&accepted.row_number) {
                let Record::Product(product) = &accepted.record else { unreachable!() };
                let price = format!("{:?}", product.unit_price);
                self.merged.push((product.external_id.to_string(), price));
            }
        }
        self.cursor = Some(checkpoint.cursor.state().clone());
        Ok(Written { inserted: self.merged.len() as u64, ..Written::default() })
    }

    async fn commit(self) -> Result<(), SinkError> {
        let mut state = self.sink.0.lock().unwrap();
        if state.fail_at_batch == Some(state.cursors.len()) {
            return Err(SinkError::new("the store is gone"));
        }
        state.prices.extend(self.merged);
        state.quarantined.extend(self.blocks.into_iter().flat_map(|block| block.quarantined));
        state.cursors.extend(self.cursor);
        Ok(())
    }
}

#[derive(Default)]
struct Silent {
    stop_after: Option<u64>,
    batches: Mutex<u64>,
}

impl Observer for Silent {
    fn progress(&self, progress: &Progress) {
        *self.batches.lock().unwrap() = progress.totals.batches;
    }

    fn should_stop(&self) -> bool {
        self.stop_after.is_some_and(|limit| *self.batches.lock().unwrap() >= limit)
    }
}

/// Remembers how far reading and committing had come, each time it was told.
#[derive(Default)]
struct Told(Mutex<Vec<(u64, u64)>>);

impl Observer for Told {
    fn progress(&self, progress: &Progress) {
        self.0.lock().unwrap().push((progress.bytes_read, progress.bytes_committed));
    }
}

fn settings(batch_records: u32) -> Settings {
    Settings {
        batch_records: BatchLimit::new(batch_records),
        batch_bytes: 1 << 20,
        now: "2025-06-01T00:00:00Z".parse::<Timestamp>().unwrap(),
        hopeless_after: None,
        alignment: None,
    }
}

fn load(
    lines: &[String],
    block_size: usize,
    settings: Settings,
    sink: &Memory,
) -> Result<Outcome, PipelineError> {
    let source = Lines {
        lines: lines.to_vec(),
        next: 0,
        block_size,
        breaks_off_at: usize::MAX,
        panics_at: usize::MAX,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(run(Box::new(source), sink, settings, Arc::new(Silent::default())))
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(ToString::to_string).collect()
}

#[test]
fn counts_every_record_once_and_keeps_what_it_refuses() {
    let lines = owned(&[
        "a 1.00 2025-01-01",
        "a 1.00 2025-01-01",
        "a 2.00 2025-01-01",
        "a 3.00 2025-01-02",
        "a 9.00 2024-01-01",
        "b x 2025-01-01",
        "broken",
        "c 1.00 2025-01-01",
    ]);
    let sink = Memory::default();
    let outcome = load(&lines, 3, settings(100), &sink).unwrap();
    let totals = outcome.totals;
    assert!(outcome.is_complete);
    assert!(totals.is_balanced(), "{totals:?}");
    assert_eq!((totals.read, totals.inserted, totals.unchanged), (8, 2, 4), "{totals:?}");
    let state = sink.0.lock().unwrap();
    assert!(state.prices["a"].contains("3.00"), "the newest version wins: {:?}", state.prices);
    let refused: Vec<_> =
        state.quarantined.iter().map(|kept| (kept.position.record, kept.rule)).collect();
    assert_eq!(refused, [(6, "number-readable"), (7, "well-formed")]);
    assert_eq!(state.quarantined[1].raw, json!("broken"));
}

#[test]
fn what_is_told_to_be_committed_follows_the_batches_and_ends_with_the_source() {
    let lines: Vec<String> = (0..100).map(|id| format!("p{id} 1.00 2025-01-01")).collect();
    let source =
        Lines { lines, next: 0, block_size: 10, breaks_off_at: usize::MAX, panics_at: usize::MAX };
    let observer = Arc::new(Told::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let sink = Memory::default();
    runtime.block_on(run(Box::new(source), &sink, settings(20), observer.clone())).unwrap();
    let told = observer.0.lock().unwrap();
    assert_eq!(told[0], (10, 0), "what is read is not committed yet: {told:?}");
    assert!(told.iter().all(|(read, committed)| committed <= read && committed % 20 == 0));
    assert_eq!(told.last(), Some(&(100, 100)));
}

#[test]
fn an_empty_source_still_commits_that_it_was_read() {
    let sink = Memory::default();
    let outcome = load(&[], 10, settings(10), &sink).unwrap();
    assert!(outcome.is_complete);
    assert_eq!(outcome.totals.batches, 1);
}

#[test]
fn a_failing_store_ends_the_run_and_keeps_the_cursor_at_the_last_good_batch() {
    let lines: Vec<String> = (0..100).map(|id| format!("p{id} 1.00 2025-01-01")).collect();
    let sink = Memory::default();
    sink.0.lock().unwrap().fail_at_batch = Some(3);
    let error = load(&lines, 10, settings(10), &sink).unwrap_err();
    assert_eq!(error.to_string(), "the store is gone");
    let state = sink.0.lock().unwrap();
    assert_eq!(state.cursors, [json!(10), json!(20), json!(30)]);
    assert_eq!(state.prices.len(), 30);
}

#[test]
fn what_was_read_before_a_source_breaks_off_is_kept() {
    let lines: Vec<String> = (0..100).map(|id| format!("p{id} 1.00 2025-01-01")).collect();
    let source = Lines { lines, next: 0, block_size: 10, breaks_off_at: 50, panics_at: usize::MAX };
    let sink = Memory::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let observer = Arc::new(Silent::default());
    let error = runtime.block_on(run(Box::new(source), &sink, settings(30), observer)).unwrap_err();
    assert_eq!(error.to_string(), "the file is truncated");
    let state = sink.0.lock().unwrap();
    assert_eq!(state.cursors, [json!(30), json!(50)]);
    assert_eq!(state.prices.len(), 50);
}

#[test]
fn a_source_that_panics_is_an_error_and_no_end() {
    let lines: Vec<String> = (0..100).map(|id| format!("p{id} 1.00 2025-01-01")).collect();
    let source = Lines { lines, next: 0, block_size: 10, breaks_off_at: usize::MAX, panics_at: 50 };
    let sink = Memory::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let observer = Arc::new(Silent::default());
    let error = runtime.block_on(run(Box::new(source), &sink, settings(20), observer)).unwrap_err();
    assert!(matches!(error, PipelineError::TaskLost(_)), "{error}");
    // What was committed before stays; the rest of the batch at hand is read again.
    assert_eq!(sink.0.lock().unwrap().cursors, [json!(20), json!(40)]);
}

#[test]
fn stops_in_order_when_asked_to() {
    let lines: Vec<String> = (0..1000).map(|id| format!("p{id} 1.00 2025-01-01")).collect();
    let source =
        Lines { lines, next: 0, block_size: 10, breaks_off_at: usize::MAX, panics_at: usize::MAX };
    let sink = Memory::default();
    let observer = Arc::new(Silent { stop_after: Some(2), batches: Mutex::new(0) });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = runtime.block_on(run(Box::new(source), &sink, settings(20), observer)).unwrap();
    let state = sink.0.lock().unwrap();
    assert!(!outcome.is_complete);
    assert!(outcome.totals.read < 1000);
    assert_eq!(state.cursors.last(), Some(&json!(outcome.totals.read)));
    assert_eq!(state.prices.len() as u64, outcome.totals.inserted);
}

#[test]
fn gives_up_when_nothing_passes() {
    let lines: Vec<String> = (0..50).map(|id| format!("p{id} x 2025-01-01")).collect();
    let hopeless = Settings { hopeless_after: Some(20), ..settings(1000) };
    let sink = Memory::default();
    let error = load(&lines, 10, hopeless, &sink).unwrap_err();
    assert!(matches!(error, PipelineError::AllRejected { read: 20, rule: "number-readable", .. }));
    assert!(sink.0.lock().unwrap().quarantined.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_into_batches_and_blocks_accounts_for_every_record(
        ids in proptest::collection::vec(0_u8..20, 0..60),
        block_size in 1_usize..20,
        batch_records in 1_u32..70,
    ) {
        let lines: Vec<String> = ids
            .iter()
            .enumerate()
            .map(|(number, id)| match id % 5 {
                4 => format!("p{id}"),
                _ => format!("p{id} {}.00 2025-01-01T00:00:{:02}", number + 1, number),
            })
            .collect();
        let sink = Memory::default();
        let outcome = load(&lines, block_size, settings(batch_records), &sink).unwrap();
        prop_assert!(outcome.totals.is_balanced());
        prop_assert_eq!(outcome.totals.read, lines.len() as u64);
        let mut newest = BTreeMap::new();
        for line in lines.iter().filter(|line| line.contains(' ')) {
            let mut parts = line.split(' ');
            newest.insert(parts.next().unwrap().to_owned(), parts.next().unwrap().to_owned());
        }
        let state = sink.0.lock().unwrap();
        prop_assert_eq!(state.prices.len(), newest.len());
        for (id, price) in newest {
            prop_assert!(state.prices[&id].contains(&price), "{} is not {}", id, price);
        }
    }
}
