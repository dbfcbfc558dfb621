//! Refuses text where a number belongs.

use super::{Reason, Rule, RuleContext, all_readable};
use crate::records::Draft;
use crate::values::UnreadableKind;

/// Every number is an exact decimal.
pub struct NumberReadable;

impl Rule for NumberReadable {
    fn name(&self) -> &'static str {
        "number-readable"
    }

    fn summary(&self) -> &'static str {
        "Every number is an exact decimal."
    }

    fn explanation(&self) -> &'static str {
        "A number is never guessed: 1,234.50 and 1.234,50 differ by a factor of a thousand, and 1e308 or NaN fit no exact type. If the source groups digits, say so in the mapping (number_format), then import the file again: what waits was read by the old mapping, and a replay reads it so again."
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        all_readable(draft, UnreadableKind::Number)
    }
}
