//! Marks stock below zero, and refuses counts no column can hold.

use rust_decimal::Decimal;

use super::{Reason, Rule, RuleContext, Severity};
use crate::Stream;
use crate::records::Draft;

/// Stock on hand is zero or more.
pub struct StockNotNegative;

impl Rule for StockNotNegative {
    fn name(&self) -> &'static str {
        "stock-not-negative"
    }

    fn summary(&self) -> &'static str {
        "Stock on hand is zero or more."
    }

    fn explanation(&self) -> &'static str {
        "A shelf cannot hold less than nothing, but tills sell what was never booked in, so the \
         count is loaded as the source tells it and marked: the receiving of that product is not \
         recorded properly."
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn applies_to(&self, stream: Stream) -> bool {
        stream == Stream::Inventory
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        let Draft::InventoryLevel(level) = draft else { return Ok(()) };
        match level.quantity_on_hand.value() {
            Some(quantity) if *quantity < Decimal::ZERO => {
                Err(format!("quantity_on_hand is {quantity}").into())
            }
            _ => Ok(()),
        }
    }
}
