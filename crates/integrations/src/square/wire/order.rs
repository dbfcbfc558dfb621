//! An order: lines that were sold, and lines of earlier orders that came back.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Money;

/// An order. Its lines are read one by one, so that a bad one spoils no other.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct Order<'a> {
    pub(in crate::square) id: Option<String>,
    pub(in crate::square) location_id: Option<String>,
    pub(in crate::square) state: Option<String>,
    /// Rises with each change.
    pub(in crate::square) version: Option<i64>,
    pub(in crate::square) created_at: Option<String>,
    pub(in crate::square) updated_at: Option<String>,
    #[serde(borrow)]
    pub(in crate::square) line_items: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(in crate::square) service_charges: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(in crate::square) returns: Option<Vec<OrderReturn<'a>>>,
    pub(in crate::square) refunds: Option<Vec<OrderRefund>>,
    pub(in crate::square) total_money: Option<Money>,
    pub(in crate::square) total_tip_money: Option<Money>,
    pub(in crate::square) return_amounts: Option<OrderAmounts>,
    pub(in crate::square) net_amounts: Option<OrderAmounts>,
    pub(in crate::square) rounding_adjustment: Option<RoundingAdjustment>,
}

/// What came back of one earlier order; amounts in it are positive.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct OrderReturn<'a> {
    /// None when there was no receipt.
    pub(in crate::square) source_order_id: Option<String>,
    #[serde(borrow)]
    pub(in crate::square) return_line_items: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(in crate::square) return_service_charges: Option<Vec<&'a RawValue>>,
    pub(in crate::square) rounding_adjustment: Option<RoundingAdjustment>,
}

/// Money that went back.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct OrderRefund {
    pub(in crate::square) amount_money: Option<Money>,
    /// The payment that it went back to.
    pub(in crate::square) tender_id: Option<String>,
    pub(in crate::square) status: Option<String>,
}

/// Sums over an order.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct OrderAmounts {
    pub(in crate::square) total_money: Option<Money>,
    pub(in crate::square) tip_money: Option<Money>,
}

/// What was rounded where coins are larger than the currency's smallest unit.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct RoundingAdjustment {
    pub(in crate::square) amount_money: Option<Money>,
}

/// A line that was sold or came back.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct Line {
    pub(in crate::square) uid: Option<String>,
    /// A decimal number as text.
    pub(in crate::square) quantity: Option<String>,
    /// The variation; none for an amount that was typed in.
    pub(in crate::square) catalog_object_id: Option<String>,
    /// What the item was called when it was sold.
    pub(in crate::square) name: Option<String>,
    /// What the variation was called.
    pub(in crate::square) variation_name: Option<String>,
    pub(in crate::square) item_type: Option<String>,
    pub(in crate::square) base_price_money: Option<Money>,
    #[serde(alias = "gross_return_money")]
    pub(in crate::square) gross_sales_money: Option<Money>,
    pub(in crate::square) total_tax_money: Option<Money>,
    pub(in crate::square) total_discount_money: Option<Money>,
    pub(in crate::square) total_service_charge_money: Option<Money>,
    pub(in crate::square) total_money: Option<Money>,
}

/// A charge for service, of the whole order.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct ServiceCharge {
    pub(in crate::square) uid: Option<String>,
    pub(in crate::square) applied_money: Option<Money>,
    pub(in crate::square) total_tax_money: Option<Money>,
    pub(in crate::square) total_money: Option<Money>,
}
