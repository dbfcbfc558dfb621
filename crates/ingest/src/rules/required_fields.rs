//! Refuses records that lack what makes them one.

use super::{Reason, Rule, RuleContext};
use crate::records::Draft;

/// Every required field has a value.
pub struct RequiredFields;

impl Rule for RequiredFields {
    fn name(&self) -> &'static str {
        "required-fields"
    }

    fn summary(&self) -> &'static str {
        "Every required field has a value."
    }

    fn explanation(&self) -> &'static str {
        "A sale without a store or an amount cannot be counted anywhere. If the column exists under \
         another name, map it; if every record shares one value, give a constant in the mapping."
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        let missing = draft
            .find_field(|spec, state| (spec.is_required && state.is_absent).then_some(spec.name));
        missing.map_or(Ok(()), |field| Err(format!("{field} is missing").into()))
    }
}
