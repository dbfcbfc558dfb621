//! Refuses quantities that are not above zero, and those no column can hold.

use rust_decimal::Decimal;

use super::{Reason, Rule, RuleContext};
use crate::Stream;
use crate::records::{Draft, TransactionType};
use crate::values::Field;

/// The most units a line may have: the column is `numeric(14,4)`.
const MOST: Decimal = Decimal::from_parts(1_410_065_408, 2, 0, false, 0);

/// The decimals a quantity may have: the column is `numeric(14,4)`.
const DECIMALS: u32 = 4;

/// A line moves more than zero units; the type says which way.
pub struct QuantityPositive;

impl Rule for QuantityPositive {
    fn name(&self) -> &'static str {
        "quantity-positive"
    }

    fn summary(&self) -> &'static str {
        "A line moves more than zero units; the type says which way."
    }

    fn explanation(&self) -> &'static str {
        "Zero units at a price are a correction or a fee, not a sale, and a negative quantity with \
         the type sale would be subtracted twice or not at all. If the source writes returns as \
         negative quantities, say so in the mapping (negative_quantity = \"return\")."
    }

    fn applies_to(&self, stream: Stream) -> bool {
        matches!(stream, Stream::Transactions | Stream::PurchaseOrders)
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        let quantity = match draft {
            Draft::Transaction(line) => line.quantity.value(),
            Draft::PurchaseOrderLine(line) => line.quantity_ordered.value(),
            _ => None,
        };
        match quantity {
            Some(quantity) if *quantity < Decimal::ZERO && is_return_or_untold(draft) => {
                Err(format!(
                    "quantity is {quantity}: if that is how the source writes returns, say \
                     negative_quantity = \"return\" in the mapping"
                )
                .into())
            }
            Some(quantity) if *quantity <= Decimal::ZERO => {
                Err(format!("quantity is {quantity}").into())
            }
            Some(quantity) if *quantity >= MOST => {
                Err(format!("quantity {quantity} is ten thousand million or more").into())
            }
            Some(quantity) if quantity.normalize().scale() > DECIMALS => {
                Err(format!("quantity {quantity} has more than {DECIMALS} decimals").into())
            }
            _ => Ok(()),
        }
    }
}

/// Whether the mapping could make it a return: the source does not say that it is something else.
fn is_return_or_untold(draft: &Draft) -> bool {
    let Draft::Transaction(line) = draft else { return false };
    matches!(line.transaction_type, Field::Absent | Field::Value(TransactionType::Return))
}
