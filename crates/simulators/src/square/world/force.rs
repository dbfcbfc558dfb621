//! The vocabulary of what a test can make happen in the world.

use serde::{Deserialize, Serialize};

/// Something to make happen now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Force {
    /// Sells; answers with the order's id.
    Sale(ForcedSale),
    /// Changes a line of an open order.
    EditOrder {
        /// The order.
        order_id: String,
        /// The line, from 0.
        line: usize,
        /// The new quantity, as a decimal.
        quantity: String,
    },
    /// Takes the last line off an open order, which may be left with none.
    RemoveLastLine {
        /// The order.
        order_id: String,
    },
    /// Changes what may still change in a completed order: its version and time of update rise.
    TouchOrder {
        /// The order.
        order_id: String,
    },
    /// Pays and closes an open order.
    CompleteOrder {
        /// The order.
        order_id: String,
    },
    /// Calls an order off that is not closed.
    CancelOrder {
        /// The order.
        order_id: String,
    },
    /// Takes goods or money back; answers with the id of the order that does.
    Return(ForcedReturn),
    /// Pays money of an order back and takes no goods; answers with the refund's id. No order tells of it.
    RefundAmount {
        /// The completed order whose payment is paid back in part.
        order_id: String,
        /// How much, in the smallest unit.
        amount: u32,
    },
    /// Lets the bank decide on a refund that is pending.
    SettleRefund {
        /// The refund.
        refund_id: String,
        /// Whether the money goes back.
        is_accepted: bool,
    },
    /// Changes a price.
    SetPrice {
        /// The variation.
        variation_id: String,
        /// The store, or nothing for all.
        #[serde(default)]
        location_id: Option<String>,
        /// The new price in the smallest unit.
        amount: u32,
    },
    /// Renames an item.
    RenameItem {
        /// The item.
        item_id: String,
        /// Its new name.
        name: String,
    },
    /// Deletes an item with its variations, or a variation.
    DeleteObject {
        /// The item or variation.
        object_id: String,
    },
    /// Sets what is on a shelf, as if somebody counted.
    Count {
        /// The store.
        location_id: String,
        /// The variation.
        variation_id: String,
        /// What is there, as a decimal.
        quantity: String,
    },
    /// Renames, closes or opens a store.
    ChangeLocation {
        /// The store.
        location_id: String,
        /// Its new name, if it gets one.
        #[serde(default)]
        name: Option<String>,
        /// Whether it trades, if that changes.
        #[serde(default)]
        is_active: Option<bool>,
    },
    /// Renames a supplier.
    RenameVendor {
        /// The supplier.
        vendor_id: String,
        /// Its new name.
        name: String,
    },
}

/// A sale to make happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForcedSale {
    /// The store.
    pub location_id: String,
    /// What is sold.
    pub lines: Vec<ForcedLine>,
    /// How long ago a till without a connection made it, up to 72 hours; the vendor hears of it now.
    #[serde(default)]
    pub hours_late: u8,
    /// Whether it stays an open order of the web shop.
    #[serde(default)]
    pub is_open: bool,
    /// What is taken off the whole order, in the smallest unit.
    #[serde(default)]
    pub coupon: u16,
}

/// A line to sell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForcedLine {
    /// The variation, or nothing for a sum typed at the till.
    #[serde(default)]
    pub variation_id: Option<String>,
    /// How many, as a decimal.
    pub quantity: String,
    /// The price of one in the smallest unit, or nothing for the store's own.
    #[serde(default)]
    pub unit_price: Option<u32>,
}

/// A return to make happen: lines of the order, or an amount; without both, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForcedReturn {
    /// The completed order whose goods come back.
    pub order_id: String,
    /// Which lines, from 0, and how many of each as a decimal.
    #[serde(default)]
    pub lines: Vec<(usize, String)>,
    /// Money without goods, in the smallest unit.
    #[serde(default)]
    pub amount: Option<u32>,
    /// What the customer takes instead: that makes it an exchange.
    #[serde(default)]
    pub instead: Vec<ForcedLine>,
}
