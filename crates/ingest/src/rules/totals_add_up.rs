//! Refuses lines whose total is not what their parts come to.

use rust_decimal::Decimal;

use super::{Reason, Rule, RuleContext};
use crate::Stream;
use crate::records::Draft;

/// Quantity times unit price, less discount, plus tax, is the total.
pub struct TotalsAddUp;

impl Rule for TotalsAddUp {
    fn name(&self) -> &'static str {
        "totals-add-up"
    }

    fn summary(&self) -> &'static str {
        "Quantity times unit price, less discount, plus tax, is the total."
    }

    fn explanation(&self) -> &'static str {
        "A difference of more than the currency's smallest unit (a rounding of one side) means that \
         a part is missing, such as a second discount, or stands in the wrong column. Lines whose \
         source tells no unit price are not judged."
    }

    fn applies_to(&self, stream: Stream) -> bool {
        stream == Stream::Transactions
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        let Draft::Transaction(line) = draft else { return Ok(()) };
        let told = (line.quantity.value(), line.unit_price.value(), line.total_amount.value());
        let ((Some(quantity), Some(unit_price), Some(total)), Some(currency)) =
            (told, line.currency.value())
        else {
            return Ok(());
        };
        let discount = line.discount_amount.value().copied().unwrap_or_default();
        let tax = line.tax_amount.value().copied().unwrap_or_default();
        let Some(gross) = quantity.checked_mul(*unit_price) else {
            return Err("quantity times unit_price is out of range".into());
        };
        let expected = gross - discount + tax;
        let tolerance = Decimal::new(1, currency.decimals());
        if (expected - total).abs() <= tolerance {
            return Ok(());
        }
        Err(format!(
            "total_amount is {total}, but {quantity} × {unit_price} − {discount} + {tax} = {}",
            expected.normalize()
        )
        .into())
    }
}
