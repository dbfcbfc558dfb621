//! Writes small files and reads them to their end.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::Value;
use shelfops_ingest::Stream;
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::quarantine::Position;
use shelfops_ingest::records::{Draft, InventoryLevelDraft};
use shelfops_ingest::source::Source;
use shelfops_ingest::values::{Conventions, NumberFormat, StoreZones, TimeFormat};
use shelfops_integrations::file::{FileSource, Mapping, OpenError, RawMapper, ReadOptions};
use tempfile::TempDir;

/// Everything that came out of a file.
pub(crate) struct ReadFile {
    pub(crate) records: Vec<ReadRecord>,
    /// The cursor of each block, with the number of records up to it.
    pub(crate) cursors: Vec<(usize, Cursor)>,
    /// What reading ended with, if not well.
    pub(crate) error: Option<String>,
    pub(crate) bytes_read: u64,
}

/// One record that came out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReadRecord {
    pub(crate) position: Position,
    pub(crate) raw: Value,
    pub(crate) draft: Result<Draft, String>,
}

impl ReadRecord {
    /// The draft of an inventory level.
    pub(crate) fn level(&self) -> &InventoryLevelDraft {
        match &self.draft {
            Ok(Draft::InventoryLevel(level)) => level,
            other => panic!("no inventory level at {:?}: {other:?}", self.position),
        }
    }

    /// Why it is malformed.
    pub(crate) fn reason(&self) -> &str {
        self.draft.as_ref().expect_err("a malformed record")
    }

    /// The line it starts on.
    pub(crate) fn line(&self) -> u64 {
        self.position.line.unwrap()
    }
}

impl ReadFile {
    /// The store of each record; malformed ones as `!`.
    pub(crate) fn stores(&self) -> Vec<String> {
        let store = |record: &ReadRecord| match &record.draft {
            Ok(_) => record.level().store.value().map_or_else(|| "-".into(), ToString::to_string),
            Err(_) => "!".to_owned(),
        };
        self.records.iter().map(store).collect()
    }
}

/// A header that needs no mapping.
pub(crate) const HEADER: &str = "store,product,counted_at,quantity_on_hand";

/// A CSV file of inventory levels: one record a store.
pub(crate) fn inventory_csv(stores: &[&str]) -> String {
    let mut csv = format!("{HEADER}\n");
    for store in stores {
        csv.push_str(&format!("{store},milk,2025-01-02,7\n"));
    }
    csv
}

/// A file in a directory that goes with it.
pub(crate) struct TestFile {
    directory: TempDir,
    name: String,
}

impl TestFile {
    pub(crate) fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(name), content).unwrap();
        Self { directory, name: name.to_owned() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join(&self.name)
    }

    /// Reads the inventory levels with a guessed mapping.
    pub(crate) fn read(&self) -> ReadFile {
        self.read_with(&options(""))
    }

    pub(crate) fn read_with(&self, options: &ReadOptions) -> ReadFile {
        read(&self.path(), Stream::Inventory, options)
            .unwrap_or_else(|error| panic!("{}", chain(&error)))
    }

    /// Says why the file cannot be opened.
    pub(crate) fn refusal(&self, mapping: &str) -> String {
        match read(&self.path(), Stream::Inventory, &options(mapping)) {
            Err(error) => chain(&error),
            Ok(_) => panic!("it was opened"),
        }
    }
}

/// Options with a mapping in TOML and plain conventions.
pub(crate) fn options(mapping: &str) -> ReadOptions {
    let mapping = Mapping::parse(mapping).unwrap();
    ReadOptions { mapping, conventions: conventions(), resume: None }
}

pub(crate) fn conventions() -> Conventions {
    Conventions {
        time_format: TimeFormat::Iso,
        number_format: NumberFormat::Plain,
        zones: StoreZones::single(TimeZone::UTC),
        currency: None,
        negative_quantity_is_return: false,
    }
}

/// Opens and reads a file to its end or first error.
pub(crate) fn read(
    path: &Path,
    stream: Stream,
    options: &ReadOptions,
) -> Result<ReadFile, OpenError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut source = FileSource::open(path, stream, options)?;
    let mut file =
        ReadFile { records: Vec::new(), cursors: Vec::new(), error: None, bytes_read: 0 };
    loop {
        let block = match runtime.block_on(source.next_block()) {
            Ok(Some(block)) => block,
            Ok(None) => return Ok(file),
            Err(error) => {
                file.error = Some(chain(&error));
                return Ok(file);
            }
        };
        for (index, draft) in block.drafts.into_iter().enumerate() {
            file.records.push(ReadRecord {
                position: block.raw.position(index),
                raw: block.raw.raw(index),
                draft: draft.map_err(|malformed| malformed.reason),
            });
        }
        file.cursors.push((file.records.len(), block.cursor));
        file.bytes_read = block.bytes_read;
    }
}

/// Expects the records of a file to be read again, from what quarantine keeps, as the file is read.
#[track_caller]
pub(crate) fn check_replay(file: &TestFile, mapping: &str) {
    let options = options(mapping);
    let source = FileSource::open(&file.path(), Stream::Inventory, &options).unwrap();
    let mapping = source.effective_mapping();
    let stored: Mapping = serde_json::from_value(serde_json::to_value(mapping).unwrap()).unwrap();
    assert_eq!(stored, *mapping);
    let mapper = RawMapper::new(&stored, Stream::Inventory, &options.conventions).unwrap();
    for record in file.read_with(&options).records {
        match &record.draft {
            Ok(draft) => assert_eq!(mapper.draft(&record.raw).as_ref(), Ok(draft)),
            Err(_) => {
                assert!(mapper.draft(&record.raw).unwrap_err().reason.contains("kept as text"));
            }
        }
    }
}

/// Words an error with everything that caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
