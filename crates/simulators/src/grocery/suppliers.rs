//! Who delivers: each manufacturer's products come through one supplier.

/// The first words of suppliers' names.
const PLACES: &[&str] = &[
    "Blue Ridge",
    "Lakeshore",
    "Prairie",
    "Golden Valley",
    "Harbour",
    "North Star",
    "Old Mill",
    "Riverside",
    "Summit",
    "Three Oaks",
    "Westfield",
    "Amber Coast",
    "Brook",
    "Clearwater",
    "Eastgate",
    "Fairfield",
    "Greenline",
    "Hillcrest",
    "Ironbridge",
    "Juniper",
];

/// The last words of suppliers' names.
const TRADES: &[&str] = &[
    "Foods",
    "Wholesale",
    "Dairy Co-operative",
    "Produce",
    "Provisions",
    "Trading, Inc.",
    "Distribution",
    "Imports",
    "Farms",
    "Packing",
];

/// A supplier, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Supplier {
    index: u32,
}

impl Supplier {
    /// Returns the supplier of a manufacturer, for a retailer with so many products.
    pub(super) fn of(manufacturer: u32, product_count: u32) -> Self {
        let supplier_count = (product_count / 60).clamp(4, (PLACES.len() * TRADES.len()) as u32);
        Self { index: manufacturer % supplier_count }
    }

    /// Returns the retailer's number of it.
    pub(super) const fn id(self) -> u32 {
        1_000 + self.index * 7
    }

    /// Returns its name.
    pub(super) fn name(self) -> String {
        let index = self.index as usize;
        let place = PLACES[index % PLACES.len()];
        let trade = TRADES[(index / PLACES.len() + index) % TRADES.len()];
        format!("{place} {trade}")
    }

    /// Returns how many days after an order it promises to deliver.
    pub(super) const fn lead_days(self) -> u32 {
        1 + self.index * 5 % 7
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_suppliers_share_a_name() {
        let mut names: Vec<String> =
            (0..200).map(|manufacturer| Supplier::of(manufacturer, 92_000).name()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 200);
    }
}
