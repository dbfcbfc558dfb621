//! Refuses a record that contradicts a row loaded earlier; judged by the sink.

use super::{Rule, Stage};

/// A record that was loaded before says the same, or is newer by its source's own time.
pub struct DuplicateInTable;

impl Rule for DuplicateInTable {
    fn name(&self) -> &'static str {
        "duplicate-in-table"
    }

    fn summary(&self) -> &'static str {
        "A record that was loaded before says the same, or is newer by its source's own time."
    }

    fn explanation(&self) -> &'static str {
        "The same id with another content and no newer updated_at leaves open which of the two is \
         true; the row that was there first stays. Word-for-word repetitions are no error: they \
         change nothing. Map the source's time of change to updated_at to let corrections in."
    }

    fn stage(&self) -> Stage {
        Stage::Table
    }
}
