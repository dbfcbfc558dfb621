//! The retailer's products, and which of them a shopper picks.

use std::path::Path;

use super::csv_file::{CsvFile, ExportedFile};
use super::departments::{DEPARTMENTS, FUEL, Shelf};
use super::dice::{Dice, Weighted};
use super::promotions::Promotions;
use super::{GroceryConfig, GroceryError};

/// How many products are still sold although the catalogue lists them no more.
const DELISTED_COUNT: usize = 17;

/// The largest product number, about.
const LARGEST_ID: u32 = 18_000_000;

/// The manufacturer number of the retailer's own brand.
const OWN_BRAND_MANUFACTURER: u32 = 69;

/// How often a shopper looks for another product before taking what is there.
const LOOKS: u32 = 6;

/// A product.
#[derive(Debug)]
pub(super) struct Product {
    /// The retailer's number of it.
    pub(super) id: u32,
    pub(super) manufacturer: u32,
    pub(super) department: u8,
    shelf: u8,
    size: u8,
    /// The chain's price of one unit, zero for fuel.
    pub(super) price_cents: u32,
}

/// What one department sells.
#[derive(Debug)]
struct Assortment {
    /// Indices of its products, the most popular first.
    products: Vec<u32>,
    popularity: Weighted,
}

/// All products.
#[derive(Debug)]
pub(super) struct Catalogue {
    /// The products that are listed, by index.
    pub(super) products: Vec<Product>,
    /// The ids of products that are sold and not listed.
    pub(super) delisted_ids: Vec<u32>,
    pub(super) promotions: Promotions,
    assortments: Vec<Assortment>,
    department_shares: Weighted,
}

impl Catalogue {
    /// Lists the products.
    pub(super) fn new(config: &GroceryConfig) -> Self {
        let mut dice = Dice::new(config.seed, "products");
        let departments = place(config.product_count, &mut dice);
        let (ids, delisted_ids) = number(config.product_count, &mut dice);
        let manufacturer_count = (config.product_count / 12).max(10);
        let products: Vec<Product> = ids
            .into_iter()
            .zip(departments)
            .map(|(id, department)| make(id, department, manufacturer_count, &mut dice))
            .collect();
        let mut assortments: Vec<Assortment> = (0..DEPARTMENTS.len())
            .map(|department| assort(&products, department, &mut dice))
            .collect();
        assortments.shrink_to_fit();
        Self {
            products,
            delisted_ids,
            promotions: Promotions { seed: dice.draw() },
            assortments,
            department_shares: Weighted::new(DEPARTMENTS.iter().map(|each| each.line_share)),
        }
    }

    /// Draws what a shopper takes next: in season, and rather on promotion than not.
    pub(super) fn choose(&self, month: usize, week: u32, dice: &mut Dice) -> u32 {
        let mut looks = LOOKS;
        loop {
            looks -= 1;
            let department = self.department_shares.draw(dice);
            let assortment = &self.assortments[department];
            let product = assortment.products[assortment.popularity.draw(dice)];
            let in_season = dice.below(100) < DEPARTMENTS[department].season[month];
            let tempting = self.promotions.percent_off(product, week) > 0 || dice.per_mille(500);
            if looks == 0 || (in_season && tempting) {
                return product;
            }
        }
    }

    /// Draws a kind of fuel.
    pub(super) fn choose_fuel(&self, dice: &mut Dice) -> u32 {
        let assortment = &self.assortments[FUEL];
        assortment.products[assortment.popularity.draw(dice)]
    }

    /// Returns each product's share of the lines sold, in parts of a thousand million.
    pub(super) fn demand_shares(&self) -> Vec<u64> {
        let mut shares = vec![0; self.products.len()];
        for (assortment, department) in self.assortments.iter().zip(DEPARTMENTS) {
            let whole = u128::from(assortment.popularity.total())
                * u128::from(self.department_shares.total());
            for (rank, product) in assortment.products.iter().enumerate() {
                let part = u128::from(assortment.popularity.weight(rank))
                    * u128::from(department.line_share);
                shares[*product as usize] = (part * 1_000_000_000 / whole) as u64;
            }
        }
        shares
    }

    /// Writes `products.csv`.
    pub(super) fn write(&self, directory: &Path) -> Result<ExportedFile, GroceryError> {
        let columns = [
            "product_id",
            "manufacturer_id",
            "department",
            "brand",
            "product_category",
            "product_type",
            "package_size",
        ];
        let mut file = CsvFile::create(&directory.join("products.csv"), &columns)?;
        for product in &self.products {
            let shelf = product.shelf();
            file.whole(i64::from(product.id));
            file.whole(i64::from(product.manufacturer));
            file.text(DEPARTMENTS[usize::from(product.department)].name);
            file.text(if product.is_own_brand() { "Private" } else { "National" });
            file.text(shelf.category);
            file.text(shelf.product_type);
            file.text(shelf.sizes[usize::from(product.size)]);
            file.end_record()?;
        }
        file.finish()
    }
}

impl Product {
    /// Whether it is sold by the thousandth, from a tank that no stock is kept of.
    pub(super) fn is_fuel(&self) -> bool {
        usize::from(self.department) == FUEL
    }

    const fn is_own_brand(&self) -> bool {
        self.manufacturer == OWN_BRAND_MANUFACTURER
    }

    fn shelf(&self) -> &'static Shelf {
        &DEPARTMENTS[usize::from(self.department)].shelves[usize::from(self.shelf)]
    }
}

/// Places the products in departments, in drawn order; every department gets one at least.
fn place(product_count: u32, dice: &mut Dice) -> Vec<u8> {
    let mut departments = Vec::with_capacity(product_count as usize);
    for (department, spec) in (0..).zip(DEPARTMENTS) {
        let count = (u64::from(product_count) * spec.product_share / 10_000).max(1);
        departments.extend(std::iter::repeat_n(department, count as usize));
    }
    // What rounding left over is grocery, the first department.
    departments.resize(product_count as usize, 0);
    dice.shuffle(&mut departments);
    departments
}

/// Numbers the products in ascending order with gaps, some of them used by delisted products.
fn number(product_count: u32, dice: &mut Dice) -> (Vec<u32>, Vec<u32>) {
    let total = product_count + DELISTED_COUNT as u32;
    let largest_gap = LARGEST_ID / total * 2;
    let delisted_every = total / DELISTED_COUNT as u32;
    let mut id = 25_000;
    let (mut ids, mut delisted_ids) = (Vec::new(), Vec::new());
    for index in 0..total {
        id += dice.between(1, largest_gap);
        let is_delisted = index % delisted_every == delisted_every - 1;
        if is_delisted && delisted_ids.len() < DELISTED_COUNT {
            delisted_ids.push(id);
        } else {
            ids.push(id);
        }
    }
    (ids, delisted_ids)
}

fn make(id: u32, department: u8, manufacturer_count: u32, dice: &mut Dice) -> Product {
    let spec = &DEPARTMENTS[usize::from(department)];
    let shelf = dice.below(spec.shelves.len() as u32) as u8;
    let sizes = spec.shelves[usize::from(shelf)].sizes;
    let is_own_brand = dice.per_mille(150);
    let other = 70 + dice.below(manufacturer_count);
    Product {
        id,
        manufacturer: if is_own_brand { OWN_BRAND_MANUFACTURER } else { other },
        department,
        shelf,
        size: dice.below(sizes.len() as u32) as u8,
        price_cents: price(spec.price_cents, dice),
    }
}

/// Draws a price that ends in nine, rather a low one.
fn price((low, high): (u32, u32), dice: &mut Dice) -> u32 {
    if high == 0 {
        return 0;
    }
    let drawn = dice.below(1000) * dice.below(1000) / 1000;
    (low + (high - low) * drawn / 1000) / 10 * 10 + 9
}

fn assort(products: &[Product], department: usize, dice: &mut Dice) -> Assortment {
    let mut indices: Vec<u32> = (0..)
        .zip(products)
        .filter(|(_, product)| usize::from(product.department) == department)
        .map(|(index, _)| index)
        .collect();
    dice.shuffle(&mut indices);
    let popularity = Weighted::popularity(indices.len() as u32);
    Assortment { products: indices, popularity }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grocery::Flavour;

    #[test]
    fn the_smallest_catalogue_has_every_department_and_unique_ids() {
        let mut config = GroceryConfig::new("chain", Flavour::American, 11);
        config.product_count = 200;
        let catalogue = Catalogue::new(&config);
        assert_eq!(catalogue.products.len(), 200);
        assert_eq!(catalogue.delisted_ids.len(), DELISTED_COUNT);
        let mut ids: Vec<u32> = catalogue.products.iter().map(|product| product.id).collect();
        ids.extend(&catalogue.delisted_ids);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 200 + DELISTED_COUNT);
        assert!(catalogue.assortments.iter().all(|each| !each.products.is_empty()));
    }

    #[test]
    fn the_shares_of_demand_are_nearly_everything() {
        let catalogue = Catalogue::new(&GroceryConfig::new("chain", Flavour::American, 11));
        let sum: u64 = catalogue.demand_shares().iter().sum();
        assert!((990_000_000..=1_000_000_000).contains(&sum), "{sum}");
    }
}
