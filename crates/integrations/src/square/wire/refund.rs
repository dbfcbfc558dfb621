//! Money that went back to a payment.

use serde::Deserialize;

use super::Money;

/// Money that went back to a payment.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::square) struct PaymentRefund {
    pub(in crate::square) id: Option<String>,
    pub(in crate::square) status: Option<String>,
    pub(in crate::square) location_id: Option<String>,
    pub(in crate::square) amount_money: Option<Money>,
    pub(in crate::square) payment_id: Option<String>,
    /// The order of the return, or the order of the sale: the documents leave it open.
    pub(in crate::square) order_id: Option<String>,
    pub(in crate::square) created_at: Option<String>,
    pub(in crate::square) updated_at: Option<String>,
}
