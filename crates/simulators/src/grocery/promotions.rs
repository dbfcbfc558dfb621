//! Which product is on promotion in which week, and by how much.

use super::dice::mix;

/// The retailer's promotions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Promotions {
    pub(super) seed: u64,
}

impl Promotions {
    /// Returns the percent off a product's price in a week: a third of the products have 10 to 40.
    ///
    /// Shoppers prefer what is on promotion, so that half of the lines carry a discount.
    pub(super) const fn percent_off(self, product: u32, week: u32) -> u32 {
        let drawn = mix(self.seed ^ mix(((product as u64) << 16) | week as u64));
        if drawn.is_multiple_of(3) { 10 + 5 * ((drawn >> 32) % 7) as u32 } else { 0 }
    }
}
