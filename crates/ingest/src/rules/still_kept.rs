//! Refuses rows older than their table keeps; judged by the sink.

use super::{Rule, Stage};
use crate::Stream;

/// A sale or count is younger than the time for which its table keeps rows.
pub struct StillKept;

impl Rule for StillKept {
    fn name(&self) -> &'static str {
        "still-kept"
    }

    fn summary(&self) -> &'static str {
        "A sale or count is younger than the time for which its table keeps rows."
    }

    fn explanation(&self) -> &'static str {
        "What was dropped by retention cannot be compared with any more: the same line, read again, \
         would be taken for a new one and counted in the rollups a second time. Keep rows for longer, \
         or discard the record."
    }

    fn stage(&self) -> Stage {
        Stage::Table
    }

    fn applies_to(&self, stream: Stream) -> bool {
        matches!(stream, Stream::Transactions | Stream::Inventory)
    }
}
