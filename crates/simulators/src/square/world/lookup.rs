//! Finds what the ids in a test's wishes name, or says that there is no such thing.

use super::ids::Kind;
use super::merchant::Merchant;
use crate::square::SquareError;
use crate::square::json::thousandths;

/// Finds an order.
pub(super) fn order(merchant: &Merchant, id: &str) -> Result<u32, SquareError> {
    index(merchant, Kind::Order, id, merchant.orders.count() as usize).map(|number| number as u32)
}

/// Finds a variation.
pub(super) fn variation(merchant: &Merchant, id: &str) -> Result<u32, SquareError> {
    let count = merchant.catalog.variations.len();
    index(merchant, Kind::Variation, id, count).map(|number| number as u32)
}

/// Finds a store.
pub(super) fn store(merchant: &Merchant, id: &str) -> Result<u16, SquareError> {
    index(merchant, Kind::Location, id, merchant.stores.all.len()).map(|number| number as u16)
}

/// Finds a thing among so many of its kind.
pub(super) fn index(
    merchant: &Merchant,
    kind: Kind,
    id: &str,
    count: usize,
) -> Result<usize, SquareError> {
    let what = match kind {
        Kind::Order => "order",
        Kind::Refund => "refund",
        Kind::Location => "location",
        Kind::Vendor => "vendor",
        _ => "catalog object",
    };
    let unknown = || SquareError::Unknown { what, id: id.to_owned() };
    merchant.ids.index(kind, id, count).ok_or_else(unknown)
}

/// Reads a quantity above nothing, in thousandths.
pub(super) fn positive(quantity: &str) -> Result<u32, SquareError> {
    let quantity = thousandths(quantity).and_then(|quantity| u32::try_from(quantity).ok());
    match quantity.filter(|quantity| *quantity > 0) {
        Some(quantity) => Ok(quantity),
        None => refuse("quantity must be a decimal above nothing, with up to three decimals"),
    }
}

/// Refuses what was asked for, and says why.
pub(super) fn refuse<T>(why: &str) -> Result<T, SquareError> {
    Err(SquareError::Refused(why.to_owned()))
}
