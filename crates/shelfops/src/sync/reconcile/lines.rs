//! The lines of a day, compared one by one: what one side has and the other has not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use shelfops_db::models::DayLine;
use shelfops_ingest::records::{Draft, TransactionDraft, TransactionType};

/// How many lines are held to be compared: some 20 MB. A store sells less in a day; where everything of
/// many stores differs, no list of records would help anybody.
pub(super) const HELD: usize = 100_000;

/// The vendor's lines of the stores and days that differ, and of no others.
pub(super) struct VendorLines {
    stores: BTreeMap<String, StoreLines>,
    held: usize,
    limit: usize,
}

struct StoreLines {
    from: Timestamp,
    until: Timestamp,
    /// By id: told twice where it changed meanwhile, the later one counts.
    told: BTreeMap<String, DayLine>,
}

impl VendorLines {
    /// Prepares for the lines of some stores, each from one moment until before another.
    pub(super) fn of(stores: impl Iterator<Item = (String, (Timestamp, Timestamp))>) -> Self {
        let stores = stores
            .map(|(store, (from, until))| {
                (store, StoreLines { from, until, told: BTreeMap::new() })
            })
            .collect();
        Self { stores, held: 0, limit: HELD }
    }

    /// Takes a record if it is a line of one of the days.
    pub(super) fn take(&mut self, draft: &Draft) {
        let Draft::Transaction(draft) = draft else { return };
        let store = draft.store.value().and_then(|store| self.stores.get_mut(store.as_str()));
        let (Some(store), Some(at)) = (store, draft.occurred_at.value()) else { return };
        if at.instant < store.from || store.until <= at.instant || self.held >= self.limit {
            return;
        }
        let Some(line) = line_of(draft) else { return };
        let is_new = store.told.insert(line.external_id.clone(), line).is_none();
        self.held += usize::from(is_new);
    }

    /// Whether there are more lines than can be compared.
    pub(super) const fn is_full(&self) -> bool {
        self.held >= self.limit
    }

    /// Names so many of a store's lines that one side has and the other has not, or has otherwise.
    pub(super) fn differences(&self, store: &str, ours: &[DayLine], limit: usize) -> Vec<Value> {
        if self.is_full() || ours.len() > self.limit {
            return vec![json!({ "difference": "more lines than are compared one by one" })];
        }
        let nothing = BTreeMap::new();
        let told = self.stores.get(store).map_or(&nothing, |store| &store.told);
        let known: BTreeMap<&str, &DayLine> =
            ours.iter().map(|line| (line.external_id.as_str(), line)).collect();
        let theirs = told.iter().filter_map(|(id, line)| match known.get(id.as_str()) {
            None => Some(json!({ "record": id, "difference": "missing here",
                "vendor": line.total })),
            Some(other) if *other != line => Some(json!({ "record": id,
                "difference": "told otherwise", "vendor": line.total, "here": other.total })),
            Some(_) => None,
        });
        let unknown = ours.iter().filter(|line| !told.contains_key(&line.external_id));
        let ours = unknown.map(|line| {
            json!({ "record": line.external_id, "difference": "missing at the vendor",
                "here": line.total })
        });
        theirs.chain(ours).take(limit).collect()
    }
}

fn line_of(draft: &TransactionDraft) -> Option<DayLine> {
    let is_return = match draft.transaction_type.value()? {
        TransactionType::Sale => false,
        TransactionType::Return => true,
        _ => return None,
    };
    Some(DayLine {
        external_id: draft.external_id.value()?.to_string(),
        is_return,
        total: draft.total_amount.value().copied().unwrap_or(Decimal::ZERO),
    })
}

#[cfg(test)]
mod tests {
    use shelfops_ingest::values::{Field, Moment, Text};

    use super::*;

    fn line(id: &str, total: i64) -> DayLine {
        DayLine { external_id: id.to_owned(), is_return: false, total: Decimal::from(total) }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn told(store: &str, id: &str, total: i64, second: i64) -> Draft {
        Draft::Transaction(Box::new(TransactionDraft {
            external_id: Field::Value(Text::new(id)),
            store: Field::Value(Text::new(store)),
            occurred_at: Field::Value(Moment::exact(at(second))),
            transaction_type: Field::Value(TransactionType::Sale),
            total_amount: Field::Value(Decimal::from(total)),
            ..TransactionDraft::default()
        }))
    }

    fn lines(limit: usize) -> VendorLines {
        let span = ("S1".to_owned(), (at(10), at(20)));
        VendorLines { limit, ..VendorLines::of([span].into_iter()) }
    }

    #[test]
    fn records_that_differ_are_named_on_both_sides() {
        let mut lines = lines(10);
        for (id, total) in [("a", 1), ("b", 1), ("b", 2), ("c", 3)] {
            lines.take(&told("S1", id, total, 12));
        }
        let ours = [line("b", 2), line("c", 4), line("d", 5)];
        let named = lines.differences("S1", &ours, 10);
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
        assert_eq!(lines.differences("S1", &ours, 2).len(), 2);
    }

    #[test]
    fn only_lines_of_the_days_that_differ_are_held_and_no_more_than_a_limit() {
        let mut lines = lines(3);
        lines.take(&told("S2", "other-store", 1, 12));
        lines.take(&told("S1", "before", 1, 9));
        lines.take(&told("S1", "after", 1, 20));
        assert_eq!(lines.held, 0);
        for number in 0..9 {
            lines.take(&told("S1", &number.to_string(), 1, 10));
        }
        assert!(lines.is_full() && lines.stores["S1"].told.len() == 3);
        let ours: Vec<DayLine> = (0..4).map(|number| line(&number.to_string(), 1)).collect();
        let too_many = self::lines(3).differences("S1", &ours, 10);
        assert_eq!(too_many, lines.differences("S1", &[], 10), "too many here");
        let named = lines.differences("S1", &[], 10);
        assert_eq!(named.len(), 1);
        assert!(named[0]["difference"].as_str().unwrap().starts_with("more lines"), "{named:?}");
    }
}
