//! Refuses what cannot be taken apart into fields.

use super::{Rule, Stage};

/// A record can be taken apart into the fields its source announced.
pub struct WellFormed;

impl Rule for WellFormed {
    fn name(&self) -> &'static str {
        "well-formed"
    }

    fn summary(&self) -> &'static str {
        "A record can be taken apart into the fields its source announced."
    }

    fn explanation(&self) -> &'static str {
        "A line with a field too many, a quote left open, bytes in no known encoding or broken \
         JSON would shift values into the wrong columns. It is kept as it stands. Mend the export \
         and import it again: lines that were loaded are recognised and left alone."
    }

    fn stage(&self) -> Stage {
        Stage::Source
    }
}
