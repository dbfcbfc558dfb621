//! Holds records of stores that the tenant has not told us of; judged by the sink.

use super::{Rule, Stage};
use crate::Stream;

/// The store that a record names exists.
pub struct KnownStore;

impl Rule for KnownStore {
    fn name(&self) -> &'static str {
        "known-store"
    }

    fn summary(&self) -> &'static str {
        "The store that a record names exists."
    }

    fn explanation(&self) -> &'static str {
        "The record waits in quarantine and is replayed by itself when the store arrives. With --unknown-stores create, the store is made from its id alone instead."
    }

    fn stage(&self) -> Stage {
        Stage::Table
    }

    fn applies_to(&self, stream: Stream) -> bool {
        matches!(stream, Stream::Transactions | Stream::Inventory | Stream::PurchaseOrders)
    }
}
