//! Refuses a record that contradicts another of its batch, and drops one that repeats it.

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::{Rule, Stage};
use crate::records::Record;

/// A record that appears twice says the same both times, or is newer the second time.
pub struct DuplicateInBatch;

impl Rule for DuplicateInBatch {
    fn name(&self) -> &'static str {
        "duplicate-in-batch"
    }

    fn summary(&self) -> &'static str {
        "A record that appears twice says the same both times, or is newer the second time."
    }

    fn explanation(&self) -> &'static str {
        "The same id with another content and no newer updated_at leaves open which of the two is \
         true; the first is loaded, the second kept here. Word-for-word repetitions are no error: \
         they are counted as unchanged."
    }

    fn stage(&self) -> Stage {
        Stage::Batch
    }
}

/// What a record is to those before it in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appearance {
    /// The first of its key.
    First,
    /// Says what one before it said.
    Repeated,
    /// Older than one before it.
    Outdated,
    /// Newer than the one with this row number.
    Newer(u32),
    /// Contradicts one before it.
    Contradicts,
}

/// Remembers the records of a batch by key; 48 bytes a record.
#[derive(Default)]
pub(crate) struct Appearances {
    seen: FxHashMap<u128, Seen>,
}

struct Seen {
    content: u128,
    updated_at: Option<Timestamp>,
    row_number: u32,
}

impl Appearances {
    /// Classifies a record and remembers it under its row number if it is to be staged.
    pub(crate) fn classify(&mut self, record: &Record, row_number: u32) -> Appearance {
        use std::collections::hash_map::Entry;

        let content = record.content_fingerprint();
        let updated_at = record.updated_at();
        let seen = Seen { content, updated_at, row_number };
        match self.seen.entry(record.key_fingerprint()) {
            Entry::Vacant(vacant) => {
                vacant.insert(seen);
                Appearance::First
            }
            Entry::Occupied(mut occupied) => {
                let earlier = occupied.get();
                if earlier.content == content {
                    return Appearance::Repeated;
                }
                match updated_at.cmp(&earlier.updated_at) {
                    std::cmp::Ordering::Less => Appearance::Outdated,
                    std::cmp::Ordering::Equal => Appearance::Contradicts,
                    std::cmp::Ordering::Greater => {
                        Appearance::Newer(occupied.insert(seen).row_number)
                    }
                }
            }
        }
    }
}
