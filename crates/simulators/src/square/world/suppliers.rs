//! Who the merchant buys from: the vendor's `Vendor` objects.

use crate::dice::Dice;
use crate::square::moment::{DAY, Moment};

const NAMES: [&str; 14] = [
    "Kiln & Co",
    "Northern Paper Works",
    "Linen House",
    "Orchard Growers",
    "Bluewater Glass",
    "Miller Bros.",
    "Grove Soaps",
    "Lantern Trading",
    "Hillside Dairy",
    "Copper Pot Company",
    "Weaver Street Textiles",
    "Bell Stationery",
    "Garden Wholesale",
    "Pine & Oak",
];

/// A supplier.
#[derive(Debug, Clone)]
pub(crate) struct Supplier {
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    pub(crate) version: i64,
    pub(crate) is_active: bool,
}

/// Makes up the suppliers, all known before `start`.
pub(crate) fn known_suppliers(seed: u64, start: Moment) -> Vec<Supplier> {
    let mut dice = Dice::new(seed, "suppliers");
    NAMES
        .iter()
        .map(|name| {
            let created = start.plus(-DAY * i64::from(dice.between(200, 900)));
            let updated = created.plus(DAY * i64::from(dice.between(0, 199)));
            Supplier {
                name: (*name).to_owned(),
                account: format!("{}-{}", &name[..1], dice.between(1_000, 9_999)),
                created,
                updated,
                version: i64::from(dice.between(1, 4)),
                is_active: dice.per_mille(930),
            }
        })
        .collect()
}
