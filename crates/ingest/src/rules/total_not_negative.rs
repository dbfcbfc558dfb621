//! Refuses sales and returns whose total is below zero.

use rust_decimal::Decimal;

use super::{Reason, Rule, RuleContext};
use crate::Stream;
use crate::records::{Draft, TransactionType};

/// The total of a sale or a return is zero or more; the type says which way the money went.
pub struct TotalNotNegative;

impl Rule for TotalNotNegative {
    fn name(&self) -> &'static str {
        "total-not-negative"
    }

    fn summary(&self) -> &'static str {
        "The total of a sale or a return is zero or more; the type says which way the money went."
    }

    fn explanation(&self) -> &'static str {
        "Reports subtract returns, so a return of -3.20 would be added to revenue. If the source \
         writes returns below zero, say so in the mapping (negative_quantity = \"return\"). A sale \
         below zero is most often a discount or a coupon on a line of its own: it sold nothing, and \
         as a return it would bring back a unit that nobody gave back. Sum it into discount_amount \
         of the line it belongs to. A bottle deposit that is paid out is a return of the deposit: \
         have its type or its quantity say so. Exchanges and voids are not judged: money may go \
         either way."
    }

    fn applies_to(&self, stream: Stream) -> bool {
        stream == Stream::Transactions
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        let Draft::Transaction(line) = draft else { return Ok(()) };
        let kind = line.transaction_type.value().copied().unwrap_or(TransactionType::Sale);
        match (line.total_amount.value(), kind) {
            (Some(total), TransactionType::Return) if *total < Decimal::ZERO => Err(format!(
                "total_amount of a return is {total}: if the source writes returns below zero, say \
                 negative_quantity = \"return\" in the mapping"
            )
            .into()),
            (Some(total), TransactionType::Sale) if *total < Decimal::ZERO => Err(format!(
                "total_amount of a sale is {total}: a discount belongs into discount_amount of its \
                 line; a return needs the type return, or a quantity below zero with \
                 negative_quantity = \"return\" in the mapping"
            )
            .into()),
            _ => Ok(()),
        }
    }
}
