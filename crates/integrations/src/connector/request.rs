//! What is to be read, from where, and in which portions.

use jiff::{SignedDuration, Timestamp};
use shelfops_ingest::Stream;
use shelfops_ingest::cursor::Cursor;

/// What is to be read.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// Which records.
    pub stream: Stream,
    /// Where the last run stopped; the beginning when there was none.
    pub cursor: Option<Cursor>,
    /// Only what was changed within this span: a backfill. Its cursor belongs to it alone.
    pub span: Option<Span>,
    /// How far back is read again.
    pub reach: Reach,
}

/// How far back a stream is read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Over the overlap, and once a day over the deep one: what a schedule asks for.
    #[default]
    Whole,
    /// Over a few seconds: something has just changed, and is to be seen at once. What appears with a
    /// longer delay is left to the schedule.
    Recent,
}

/// A span of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub from: Timestamp,
    /// Its last moment.
    pub until: Timestamp,
}

/// In which portions an integration is read, and how much of it again.
#[derive(Clone, Debug)]
pub struct ReadingOptions {
    /// The most records of a page, where the vendor lets us choose; it never exceeds its limit.
    pub page_size: u16,
    /// How long a window of a backfill is.
    pub window: SignedDuration,
    /// How much of what was read is read again each time, for what appears with a delay.
    pub overlap: SignedDuration,
    /// How much is read again once a day, for what tills upload days later: as long as that takes, and the
    /// day until it is looked at again.
    pub deep_overlap: SignedDuration,
    /// From when on to read when nothing was read before; everything when not said.
    pub history_from: Option<Timestamp>,
}

/// How much is read again where something has just changed: searches may lag behind notifications.
const RECENT_OVERLAP: SignedDuration = SignedDuration::from_secs(15);

impl ReadingOptions {
    /// Returns how much of what was read is read again.
    pub fn overlap_for(&self, reach: Reach) -> SignedDuration {
        match reach {
            Reach::Whole => self.overlap,
            Reach::Recent => self.overlap.min(RECENT_OVERLAP),
        }
    }

    /// Returns how much is read again once a day, where that is asked for.
    pub const fn deep_overlap_for(&self, reach: Reach) -> Option<SignedDuration> {
        match reach {
            Reach::Whole => Some(self.deep_overlap),
            Reach::Recent => None,
        }
    }
}

impl Default for ReadingOptions {
    fn default() -> Self {
        let hours = SignedDuration::from_hours;
        Self {
            page_size: 500,
            window: hours(30 * 24),
            overlap: hours(1),
            deep_overlap: hours(97),
            history_from: None,
        }
    }
}
