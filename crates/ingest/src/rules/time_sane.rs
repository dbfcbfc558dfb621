//! Refuses times that no retailer's system can mean.

use jiff::{SignedDuration, Timestamp};

use super::{Reason, Rule, RuleContext};
use crate::records::Draft;
use crate::values::Field;

/// The earliest time that is believed: 2000-01-01T00:00:00Z.
///
/// Exports write 1899-12-30, 1900-01-01, 1970-01-01 or 0001-01-01 where they have no time.
const EARLIEST: Timestamp = Timestamp::constant(946_684_800, 0);

/// How far ahead of ours a till's clock may run.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(24);

/// How far ahead a delivery may be announced.
const PLANNING_HORIZON: SignedDuration = SignedDuration::from_hours(24 * 366 * 3);

/// Nothing happened before the year 2000 or in the future.
pub struct TimeSane;

impl Rule for TimeSane {
    fn name(&self) -> &'static str {
        "time-sane"
    }

    fn summary(&self) -> &'static str {
        "Nothing happened before the year 2000 or in the future."
    }

    fn explanation(&self) -> &'static str {
        "The time decides the partition, so one line of the year 9999 or 1899 would cost a \
         partition of its own and stretch every report. An updated_at of the year 9999 would be the \
         newest version for ever: no later change could replace it. A till's clock may run a day \
         ahead; a delivery may be due within three years."
    }

    fn check(&self, draft: &Draft, context: &RuleContext) -> Result<(), Reason> {
        match draft {
            Draft::Transaction(line) => {
                happened("occurred_at", line.occurred_at.value().map(|at| at.instant), context)
            }
            Draft::InventoryLevel(level) => {
                happened("counted_at", level.counted_at.value().map(|at| at.instant), context)
            }
            Draft::PurchaseOrderLine(line) => {
                happened("ordered_at", line.ordered_at.value().map(|at| at.instant), context)?;
                let expected = line.expected_at.value().map(|at| at.instant);
                within("expected_at", expected, context.now, PLANNING_HORIZON)
            }
            Draft::Store(_) | Draft::Product(_) | Draft::Supplier(_) => Ok(()),
        }?;
        let updated_at = draft.updated_at().and_then(Field::value);
        happened("updated_at", updated_at.map(|at| at.instant), context)
    }
}

/// Refuses a time before the year 2000 or in the future.
pub(crate) fn happened(
    name: &str,
    at: Option<Timestamp>,
    context: &RuleContext,
) -> Result<(), Reason> {
    within(name, at, context.now, CLOCK_SKEW)
}

fn within(
    name: &str,
    at: Option<Timestamp>,
    now: Timestamp,
    ahead: SignedDuration,
) -> Result<(), Reason> {
    let Some(at) = at else { return Ok(()) };
    if at < EARLIEST {
        return Err(format!("{name} {at} is before the year 2000").into());
    }
    if at.duration_since(now) > ahead {
        return Err(format!("{name} {at} is in the future").into());
    }
    Ok(())
}
