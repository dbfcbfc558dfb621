//! Refuses text where a time belongs, and hours that no clock showed.

use super::{Reason, Rule, RuleContext, all_readable};
use crate::records::Draft;
use crate::values::UnreadableKind;

/// Every time is a real one, written in the announced style.
pub struct TimeReadable;

impl Rule for TimeReadable {
    fn name(&self) -> &'static str {
        "time-readable"
    }

    fn summary(&self) -> &'static str {
        "Every time is a real one, written in the announced style."
    }

    fn explanation(&self) -> &'static str {
        "03/04 is March or April depending on the country, 31 February does not exist, and 02:30 does not exist on the night the clocks go forward. Say the style in the mapping (time_format) and the clock (time_zone), then import the file again: what waits was read by the old mapping, and a replay reads it so again."
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        all_readable(draft, UnreadableKind::Time)
    }
}
