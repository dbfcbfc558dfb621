//! Holds records of products that the catalogue lacks; judged by the sink.

use super::{Rule, Stage};
use crate::Stream;

/// The product that a record names exists.
pub struct KnownProduct;

impl Rule for KnownProduct {
    fn name(&self) -> &'static str {
        "known-product"
    }

    fn summary(&self) -> &'static str {
        "The product that a record names exists."
    }

    fn explanation(&self) -> &'static str {
        "The record waits in quarantine and is replayed by itself when the product arrives. With --unknown-products create, the product is made from its id alone instead."
    }

    fn stage(&self) -> Stage {
        Stage::Table
    }

    fn applies_to(&self, stream: Stream) -> bool {
        matches!(stream, Stream::Transactions | Stream::Inventory | Stream::PurchaseOrders)
    }
}
