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
         they are counted as unchanged. Nor are stores, products, suppliers and orders that are \
         described twice: of those the last word counts. What it leaves out keeps its value, except \
         where a connected system leaves out of a product what it tells of all that have it."
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
                // What a line says of its order is said again, behind what another line said of it.
                let tells_of_more = matches!(record, Record::PurchaseOrderLine(_));
                if earlier.content == content && !tells_of_more {
                    return Appearance::Repeated;
                }
                if record.describes_today() {
                    let is_older =
                        updated_at.zip(earlier.updated_at).is_some_and(|(at, known)| at < known);
                    if is_older {
                        return Appearance::Outdated;
                    }
                    // What has no version takes none away.
                    let updated_at = updated_at.max(earlier.updated_at);
                    return Appearance::Newer(
                        occupied.insert(Seen { updated_at, ..seen }).row_number,
                    );
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

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::Stream;
    use crate::records::Draft;
    use crate::values::{Conventions, NumberFormat, StoreZones, TimeFormat};

    fn record(stream: Stream, fields: &[(&str, &str)]) -> Record {
        let conventions = Conventions {
            time_format: TimeFormat::Iso,
            number_format: NumberFormat::Plain,
            zones: StoreZones::single(TimeZone::UTC),
            currency: None,
            negative_quantity_is_return: false,
        };
        let value = |index: usize| {
            let name = stream.fields()[index].name;
            fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
        };
        Draft::read(stream, value, &conventions).accept().unwrap()
    }

    fn count(quantity: &str) -> Record {
        let at = "2026-01-01T00:00:00Z";
        let fields = [("store", "s"), ("product", "p"), ("counted_at", at)];
        let all = [&fields[..], &[("quantity_on_hand", quantity)]].concat();
        record(Stream::Inventory, &all)
    }

    #[test]
    fn a_line_whose_product_was_renamed_is_the_same_line() {
        let told = |name: &str, total: &str| {
            let fields = [
                ("external_id", "l"),
                ("store", "s"),
                ("product", "p"),
                ("product_name", name),
                ("occurred_at", "2026-01-01T00:00:00Z"),
                ("quantity", "1"),
                ("total_amount", total),
                ("currency", "EUR"),
            ];
            record(Stream::Transactions, &fields)
        };
        let mut appearances = Appearances::default();
        let lines = [told("Tea", "2"), told("Green tea", "2"), told("Tea", "3")];
        let found = lines.map(|line| appearances.classify(&line, 0));
        assert_eq!(found, [Appearance::First, Appearance::Repeated, Appearance::Contradicts]);
    }

    #[test]
    fn two_counts_of_one_moment_contradict_each_other() {
        let mut appearances = Appearances::default();
        let found = ["1", "1", "2"].map(|quantity| appearances.classify(&count(quantity), 0));
        assert_eq!(found, [Appearance::First, Appearance::Repeated, Appearance::Contradicts]);
    }

    #[test]
    fn of_what_describes_today_the_last_word_counts_unless_it_is_older() {
        let mut appearances = Appearances::default();
        let mut told = |name: &str, version: &str, row_number| {
            let fields = [("external_id", "p"), ("name", name), ("updated_at", version)];
            let given = if version.is_empty() { &fields[..2] } else { &fields[..] };
            appearances.classify(&record(Stream::Products, given), row_number)
        };
        let (v1, v2) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        assert_eq!(told("a", v2, 0), Appearance::First);
        assert_eq!(told("b", v2, 1), Appearance::Newer(0));
        assert_eq!(told("c", "", 2), Appearance::Newer(1));
        assert_eq!(told("c", "", 3), Appearance::Repeated);
        assert_eq!(told("d", v1, 3), Appearance::Outdated, "a version is not forgotten");
    }
}
