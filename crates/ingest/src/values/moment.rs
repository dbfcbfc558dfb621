//! A point in time, and whether the source left two readings of it open.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The instant.
    pub instant: Timestamp,
    /// Whether a local time without offset fell into the hour that a clock change repeats; the
    /// earlier reading was taken.
    pub is_ambiguous: bool,
}

impl Moment {
    /// Wraps an instant that was told with its offset.
    pub const fn exact(instant: Timestamp) -> Self {
        Self { instant, is_ambiguous: false }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.instant.serialize(serializer)
    }
}
