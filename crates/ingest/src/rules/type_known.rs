//! Refuses words outside the list that a field allows.

use super::{Reason, Rule, RuleContext, all_readable};
use crate::records::Draft;
use crate::values::UnreadableKind;

/// Every word of a fixed list is on that list.
pub struct TypeKnown;

impl Rule for TypeKnown {
    fn name(&self) -> &'static str {
        "type-known"
    }

    fn summary(&self) -> &'static str {
        "Every word of a fixed list is on that list."
    }

    fn explanation(&self) -> &'static str {
        "An unknown transaction type could be a sale or a refund: loading it as either would falsify revenue. Translate the source's words in the mapping, then import the file again: what waits was read by the old mapping, and a replay reads it so again."
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        all_readable(draft, UnreadableKind::Type)
    }
}
