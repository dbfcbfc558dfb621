//! Refuses currencies that ISO 4217 does not list, and its codes for what is no money.

use super::{Reason, Rule, RuleContext, all_readable};
use crate::records::Draft;
use crate::values::UnreadableKind;

/// Every currency is listed in ISO 4217.
pub struct CurrencyKnown;

impl Rule for CurrencyKnown {
    fn name(&self) -> &'static str {
        "currency-known"
    }

    fn summary(&self) -> &'static str {
        "Every currency is listed in ISO 4217."
    }

    fn explanation(&self) -> &'static str {
        "The currency decides the smallest unit that amounts are checked against. XXX (no currency) and XTS (for tests) are listed and refused all the same. Translate the source's code in the mapping, then import the file again: what waits was read by the old mapping, and a replay reads it so again."
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        all_readable(draft, UnreadableKind::Currency)
    }
}
