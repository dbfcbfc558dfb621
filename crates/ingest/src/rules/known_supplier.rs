//! Holds orders with suppliers that are not known; judged by the sink.

use super::{Rule, Stage};
use crate::Stream;

/// The supplier that an order names exists.
pub struct KnownSupplier;

impl Rule for KnownSupplier {
    fn name(&self) -> &'static str {
        "known-supplier"
    }

    fn summary(&self) -> &'static str {
        "The supplier that an order names exists."
    }

    fn explanation(&self) -> &'static str {
        "The record waits in quarantine and is replayed by itself when the supplier arrives. With --unknown-suppliers create, the supplier is made from its id alone instead."
    }

    fn stage(&self) -> Stage {
        Stage::Table
    }

    fn applies_to(&self, stream: Stream) -> bool {
        stream == Stream::PurchaseOrders
    }
}
