//! An amount in the smallest unit of its currency.

use serde::Deserialize;

/// An amount in the smallest unit of its currency; a fraction is no such amount.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::square) struct Money {
    pub(in crate::square) amount: Option<i64>,
    pub(in crate::square) currency: Option<String>,
}
