//! A point in time, and whether the source left two readings of it open.

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

/// A point in time, as exact as a table keeps it: in whole microseconds.
///
/// Finer digits are cut off where a moment is made. Two records that differ in nothing else would be
/// two in a batch, and one in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Moment {
    /// The instant.
    pub instant: Timestamp,
    /// Whether a local time without offset fell into the hour that a clock change repeats; the
    /// earlier reading was taken.
    pub is_ambiguous: bool,
}

impl Moment {
    /// Wraps an instant that was told with its offset.
    pub fn exact(instant: Timestamp) -> Self {
        Self { instant: in_microseconds(instant), is_ambiguous: false }
    }

    /// Wraps the earlier of two instants that a local time can mean.
    pub fn ambiguous(earlier: Timestamp) -> Self {
        Self { instant: in_microseconds(earlier), is_ambiguous: true }
    }
}

fn in_microseconds(instant: Timestamp) -> Timestamp {
    let rest = SignedDuration::from_nanos(i64::from(instant.subsec_nanosecond() % 1_000));
    // Cutting towards 1970 never leaves the range.
    instant.checked_sub(rest).unwrap_or(instant)
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.instant.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_table_cannot_keep_is_cut_off() {
        for (told, kept) in [
            ("2025-03-04T05:06:07.123456789Z", "2025-03-04T05:06:07.123456Z"),
            ("2025-03-04T05:06:07.000000999Z", "2025-03-04T05:06:07Z"),
            ("-009999-01-02T01:59:59Z", "-009999-01-02T01:59:59Z"),
        ] {
            let told: Timestamp = told.parse().unwrap();
            assert_eq!(Moment::exact(told).instant.to_string(), kept);
            assert_eq!(Moment::ambiguous(told).instant.to_string(), kept);
        }
        let ends = [Timestamp::MIN, Timestamp::MAX];
        assert!(ends.iter().all(|end| Moment::exact(*end).instant.subsec_nanosecond() % 1000 == 0));
    }
}
