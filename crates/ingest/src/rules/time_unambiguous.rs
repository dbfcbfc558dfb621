//! Marks local times that a clock shows twice.

use super::{Reason, Rule, RuleContext, Severity};
use crate::records::Draft;
use crate::values::{Field, Moment};

/// A local time without offset lies outside the hour that a clock change repeats.
pub struct TimeUnambiguous;

impl Rule for TimeUnambiguous {
    fn name(&self) -> &'static str {
        "time-unambiguous"
    }

    fn summary(&self) -> &'static str {
        "A local time without offset lies outside the hour that a clock change repeats."
    }

    fn explanation(&self) -> &'static str {
        "When the clocks go back, one hour happens twice. The earlier reading is taken, so the \
         record may be an hour early; ask the source for times with an offset to be sure."
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        let moment: &Field<Moment> = match draft {
            Draft::Transaction(line) => &line.occurred_at,
            Draft::InventoryLevel(level) => &level.counted_at,
            Draft::PurchaseOrderLine(line) => &line.ordered_at,
            Draft::Store(_) | Draft::Product(_) | Draft::Supplier(_) => return Ok(()),
        };
        match moment.value() {
            Some(moment) if moment.is_ambiguous => {
                Err("the local time happened twice; the earlier reading was taken".into())
            }
            _ => Ok(()),
        }
    }
}
