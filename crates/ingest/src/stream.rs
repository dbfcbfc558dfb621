//! The kinds of record that a source can offer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One kind of record that a source offers; also the word users type after `--kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Shops, warehouses and web shops that sell or hold stock.
    Stores,
    /// Things that are sold.
    Products,
    /// Companies that deliver products.
    Suppliers,
    /// Lines of sales, returns, exchanges and voids.
    Transactions,
    /// Stock counts of a product in a store at a time.
    Inventory,
    /// Lines of orders placed with suppliers.
    PurchaseOrders,
}

impl Stream {
    /// Every stream, references before the records that point at them.
    pub const ALL: [Self; 6] = [
        Self::Stores,
        Self::Products,
        Self::Suppliers,
        Self::Transactions,
        Self::Inventory,
        Self::PurchaseOrders,
    ];

    /// Returns the name used on the command line, in logs and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stores => "stores",
            Self::Products => "products",
            Self::Suppliers => "suppliers",
            Self::Transactions => "transactions",
            Self::Inventory => "inventory",
            Self::PurchaseOrders => "purchase-orders",
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that names no stream.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown kind '{0}': choose stores, products, suppliers, transactions, inventory or purchase-orders"
)]
pub struct UnknownStream(String);

impl FromStr for Stream {
    type Err = UnknownStream;

    fn from_str(word: &str) -> Result<Self, UnknownStream> {
        Self::ALL
            .into_iter()
            .find(|stream| stream.name() == word)
            .ok_or_else(|| UnknownStream(word.to_owned()))
    }
}
