//! The words of a fixed list that an import is told: wrong ones are refused before anything is read.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_ingest::Stream;

/// What happens to records that name a store, product or supplier nobody told us of: they wait for it,
/// or it is made from its id alone.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UnknownPolicy {
    #[default]
    Quarantine,
    Create,
}

/// What files hold: the streams, as users name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Transactions,
    Inventory,
    Products,
    Stores,
    Suppliers,
    PurchaseOrders,
}

impl From<Kind> for Stream {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Transactions => Self::Transactions,
            Kind::Inventory => Self::Inventory,
            Kind::Products => Self::Products,
            Kind::Stores => Self::Stores,
            Kind::Suppliers => Self::Suppliers,
            Kind::PurchaseOrders => Self::PurchaseOrders,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_is_a_kind_of_the_same_name() {
        let mut kinds: Vec<String> = Kind::value_variants()
            .iter()
            .map(|kind| {
                let word = kind.to_possible_value().unwrap().get_name().to_owned();
                assert_eq!(Stream::from(*kind).name(), word);
                assert_eq!(serde_json::to_value(kind).unwrap(), word);
                word
            })
            .collect();
        kinds.sort();
        let mut streams = Stream::ALL.map(Stream::name);
        streams.sort_unstable();
        assert_eq!(kinds, streams);
    }
}
