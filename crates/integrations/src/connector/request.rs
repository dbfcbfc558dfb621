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
    /// How much is read again once a day, for what tills upload days later.
    pub deep_overlap: SignedDuration,
    /// From when on to read when nothing was read before; everything when not said.
    pub history_from: Option<Timestamp>,
}

impl Default for ReadingOptions {
    fn default() -> Self {
        let hours = SignedDuration::from_hours;
        Self {
            page_size: 500,
            window: hours(30 * 24),
            overlap: hours(1),
            deep_overlap: hours(73),
            history_from: None,
        }
    }
}
