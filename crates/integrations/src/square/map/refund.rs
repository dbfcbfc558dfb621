//! A refund that names an amount and no goods, as a return.

use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::Value;
use shelfops_ingest::records::{Draft, TransactionDraft, TransactionType, Withdrawn};
use shelfops_ingest::source::Malformed;
use shelfops_ingest::values::{Field, Text};

use super::product::REFUND_BY_AMOUNT;
use super::{field, money};
use crate::connector::Excerpt;
use crate::square::wire::PaymentRefund;

/// The least that tables tell apart; the vendor's times have milliseconds.
const NEWER: SignedDuration = SignedDuration::from_micros(1);

/// A refund is its own record.
pub(in crate::square) struct RefundPart;

/// Whether the money has gone back. Until it has, the vendor keeps changing the refund, and it is
/// read again then.
///
/// # Errors
/// Refuses a status that is not documented.
pub(in crate::square) fn is_paid_out(refund: &PaymentRefund) -> Result<bool, Malformed> {
    match refund.status.as_deref() {
        Some("COMPLETED") => Ok(true),
        Some("PENDING" | "REJECTED" | "FAILED") => Ok(false),
        _ => field::malformed("its status is not known"),
    }
}

/// Reads a refund.
pub(in crate::square) fn refund_of(refund: &PaymentRefund) -> Draft {
    let money = refund.amount_money.as_ref();
    let currency = field::currency(money.and_then(|money| money.currency.as_deref()));
    let total = money::required(money, &currency);
    Draft::Transaction(Box::new(TransactionDraft {
        external_id: external_id(refund),
        order_id: field::text(refund.order_id.as_deref()),
        store: field::text(refund.location_id.as_deref()),
        product: field::text(Some(REFUND_BY_AMOUNT)),
        occurred_at: field::moment(refund.created_at.as_deref()),
        transaction_type: Field::Value(TransactionType::Return),
        quantity: Field::Value(Decimal::ONE),
        unit_price: total.clone(),
        total_amount: total,
        currency,
        updated_at: field::moment(refund.updated_at.as_deref()),
        ..TransactionDraft::default()
    }))
}

/// Returns a refund that is no record of its own, since an order tells its goods: it was taken for one if
/// it was seen before that order.
pub(in crate::square) fn no_record(refund: &PaymentRefund) -> Option<Withdrawn> {
    let occurred_at = field::instant(refund.created_at.as_deref())?;
    let version = field::instant(refund.updated_at.as_deref()).unwrap_or(occurred_at);
    Some(Withdrawn {
        external_id: external_id(refund).into_value()?,
        store: field::text(refund.location_id.as_deref()).into_value()?,
        occurred_at,
        // Newer than the refund as it is: a page that was fetched before the order was there says that
        // very version.
        updated_at: version.checked_add(NEWER).unwrap_or(version),
    })
}

fn external_id(refund: &PaymentRefund) -> Field<Text> {
    let id = refund.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    field::text(id.map(|id| format!("refund/{id}")).as_deref())
}

impl Excerpt for RefundPart {
    fn of(&self, refund: Value) -> Value {
        let Value::Object(mut refund) = refund else { return refund };
        // What a member of staff typed may name a shopper.
        refund.retain(|name, _| name != "reason" && name != "team_member_id");
        Value::Object(refund)
    }
}
