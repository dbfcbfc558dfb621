//! Finds records by time: four bytes a record and index, however many records there are.
//!
//! Records are kept in buckets of a minute and put in order when a bucket is read. At a million
//! orders a day a bucket has some thousand, so that a page costs no more than its own records.

use std::collections::BTreeMap;

use crate::square::moment::{MINUTE, Moment};

/// A record's place in the order of an index: its time, then its number.
pub(crate) type Place = (Moment, u32);

/// Records by one of their times.
#[derive(Debug, Default)]
pub(crate) struct MinuteIndex {
    buckets: BTreeMap<i64, Vec<u32>>,
}

impl MinuteIndex {
    /// Adds a record.
    pub(crate) fn insert(&mut self, moment: Moment, number: u32) {
        self.buckets.entry(minute(moment)).or_default().push(number);
    }

    /// Takes a record out that was added with this time.
    pub(crate) fn remove(&mut self, moment: Moment, number: u32) {
        if let Some(bucket) = self.buckets.get_mut(&minute(moment)) {
            // What is moved was mostly added last.
            if let Some(at) = bucket.iter().rposition(|each| *each == number) {
                bucket.swap_remove(at);
            }
        }
    }

    /// Visits records with times in `from..=to`, in ascending order of place, until told to stop.
    ///
    /// `time` returns the time a record was added with.
    pub(crate) fn ascend(
        &self,
        (from, to): (Moment, Moment),
        time: impl Fn(u32) -> Moment,
        mut visit: impl FnMut(Place) -> bool,
    ) {
        if from > to {
            return;
        }
        let mut places = Vec::new();
        for bucket in self.buckets.range(minute(from)..=minute(to)).map(|(_, bucket)| bucket) {
            sort(bucket, &time, &mut places);
            for place in places.iter().filter(|place| (from..=to).contains(&place.0)) {
                if !visit(*place) {
                    return;
                }
            }
        }
    }

    /// Visits records as [`Self::ascend`] does, from the last to the first.
    pub(crate) fn descend(
        &self,
        (from, to): (Moment, Moment),
        time: impl Fn(u32) -> Moment,
        mut visit: impl FnMut(Place) -> bool,
    ) {
        if from > to {
            return;
        }
        let mut places = Vec::new();
        for bucket in self.buckets.range(minute(from)..=minute(to)).rev().map(|(_, bucket)| bucket)
        {
            sort(bucket, &time, &mut places);
            for place in places.iter().rev().filter(|place| (from..=to).contains(&place.0)) {
                if !visit(*place) {
                    return;
                }
            }
        }
    }

    /// Returns the bytes that the index takes.
    pub(crate) fn bytes(&self) -> usize {
        self.buckets.values().map(|bucket| bucket.capacity() * 4 + 40).sum()
    }
}

fn sort(bucket: &[u32], time: impl Fn(u32) -> Moment, places: &mut Vec<Place>) {
    places.clear();
    places.extend(bucket.iter().map(|number| (time(*number), *number)));
    places.sort_unstable();
}

const fn minute(moment: Moment) -> i64 {
    moment.0.div_euclid(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(index: &MinuteIndex, times: &[i64], window: (i64, i64), up: bool) -> Vec<u32> {
        let mut found = Vec::new();
        let window = (Moment(window.0), Moment(window.1));
        let time = |number: u32| Moment(times[number as usize]);
        let visit = |place: Place| {
            found.push(place.1);
            true
        };
        if up {
            index.ascend(window, time, visit);
        } else {
            index.descend(window, time, visit);
        }
        found
    }

    #[test]
    fn records_come_in_order_of_time_with_both_ends_included() {
        let times = [50_000, 0, 60_000, 120_000, 60_000, 59_999];
        let mut index = MinuteIndex::default();
        for (number, time) in (0..).zip(times) {
            index.insert(Moment(time), number);
        }
        assert_eq!(numbers(&index, &times, (0, 120_000), true), [1, 0, 5, 2, 4, 3]);
        assert_eq!(numbers(&index, &times, (50_000, 60_000), true), [0, 5, 2, 4]);
        assert_eq!(numbers(&index, &times, (50_000, 60_000), false), [4, 2, 5, 0]);
        assert_eq!(numbers(&index, &times, (2, 1), true), [] as [u32; 0]);
        index.remove(Moment(60_000), 2);
        assert_eq!(numbers(&index, &times, (50_000, 60_000), true), [0, 5, 4]);
    }
}
