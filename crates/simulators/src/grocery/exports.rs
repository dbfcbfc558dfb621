//! Lets a retailer trade day by day and writes what its systems would export.

use std::fs;
use std::path::{Path, PathBuf};

use super::calendar::{self, Day};
use super::csv_file::ExportedFile;
use super::dice::{Dice, Weighted};
use super::dirt::Dirt;
use super::inventory::Inventory;
use super::pricing::{Price, QUANTITIES};
use super::purchase_orders::PurchaseOrders;
use super::retailer::Retailer;
use super::shopping::{Shoppers, Trip};
use super::stock::{Shelf, Stock};
use super::transactions::{BasketLine, CleanTotals, Transactions};
use super::{GroceryConfig, GroceryError};

/// How many products a shopper tries before leaving the rest of the list.
const TRIES: u32 = 12;

/// The exports of one retailer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exports {
    /// The directory that has all of them, named after the tenant.
    pub directory: PathBuf,
    /// `stores.csv`
    pub stores: ExportedFile,
    /// `products.csv`
    pub products: ExportedFile,
    /// `transactions.csv`
    pub transactions: ExportedFile,
    /// `inventory.csv`
    pub inventory: ExportedFile,
    /// `purchase_orders.csv`
    pub purchase_orders: ExportedFile,
    /// The dirt that was planted, and is there for a quarantine to find.
    pub dirt: Dirt,
    /// What is left of `transactions.csv` when the dirt is out.
    pub clean: CleanTotals,
}

/// Writes the exports of the retailer `config` describes into a directory of its own below
/// `directory`, named after its tenant.
///
/// Files that are there already are overwritten. The same configuration writes the same bytes.
/// Memory does not grow with the period: it takes a day's trips, the catalogue, and 8 bytes for
/// each product in each store.
///
/// # Errors
/// Refuses a configuration that cannot be; says which file could not be written.
pub fn write_exports(config: &GroceryConfig, directory: &Path) -> Result<Exports, GroceryError> {
    let retailer = Retailer::found(config)?;
    let days = calendar::days(config)?;
    let directory = directory.join(&config.tenant);
    fs::create_dir_all(&directory)
        .map_err(|source| GroceryError::Write { path: directory.clone(), source })?;

    let mut trade = Trade::open(&retailer, &directory)?;
    for day in &days {
        trade.stock.receive(day.index);
        trade.sell(day)?;
        trade.purchase_orders.place(day, &retailer, &mut trade.stock)?;
        trade.inventory.count(day, &retailer, &trade.stock)?;
    }

    let (transactions, basket_dirt, clean) = trade.transactions.finish()?;
    let (inventory, count_dirt) = trade.inventory.finish()?;
    let (purchase_orders, order_dirt) = trade.purchase_orders.finish()?;
    Ok(Exports {
        stores: retailer.stores.write(config, &directory)?,
        products: retailer.catalogue.write(&directory)?,
        transactions,
        inventory,
        purchase_orders,
        dirt: basket_dirt.merged(&count_dirt).merged(&order_dirt),
        clean,
        directory,
    })
}

/// The retailer at work.
struct Trade<'r> {
    retailer: &'r Retailer,
    shoppers: Shoppers,
    stock: Stock,
    quantities: Weighted,
    basket_id: i64,
    /// The last basket that each product went into, so that no basket has it twice.
    last_baskets: Vec<i64>,
    dice: Dice,
    transactions: Transactions,
    inventory: Inventory,
    purchase_orders: PurchaseOrders,
}

impl<'r> Trade<'r> {
    fn open(retailer: &'r Retailer, directory: &Path) -> Result<Self, GroceryError> {
        Ok(Self {
            retailer,
            shoppers: Shoppers::settle(retailer),
            stock: Stock::fill(retailer),
            quantities: Weighted::new(QUANTITIES.map(|(_, weight)| weight)),
            basket_id: 31_198_570_000,
            last_baskets: vec![0; retailer.catalogue.products.len()],
            dice: Dice::new(retailer.config.seed, "baskets"),
            transactions: Transactions::create(retailer, directory)?,
            inventory: Inventory::create(retailer, directory)?,
            purchase_orders: PurchaseOrders::create(retailer, directory)?,
        })
    }

    /// Sells a day's lines, to the last.
    fn sell(&mut self, day: &Day) -> Result<(), GroceryError> {
        while self.transactions.line_count() < day.last_line {
            let missing = day.last_line - self.transactions.line_count();
            for trip in self.shoppers.trips(missing, &self.retailer.stores) {
                self.fill_basket(trip, day)?;
            }
        }
        Ok(())
    }

    /// Fills one basket, as long as the day's lines last.
    fn fill_basket(&mut self, trip: Trip, day: &Day) -> Result<(), GroceryError> {
        self.basket_id += i64::from(self.dice.between(1, 40));
        for item in 0..trip.size {
            if self.transactions.line_count() < day.last_line {
                self.transactions.resend()?;
            }
            if self.transactions.line_count() >= day.last_line {
                break;
            }
            let line = if item == 0 && trip.takes_fuel {
                Some(self.fuel(trip))
            } else {
                self.take(trip, day)
            };
            let Some(line) = line else { break };
            self.transactions.write(&line, day)?;
        }
        Ok(())
    }

    /// Takes a product off a shelf that has it, unless none is found that the basket lacks.
    fn take(&mut self, trip: Trip, day: &Day) -> Option<BasketLine> {
        let catalogue = &self.retailer.catalogue;
        let month = day.date.month() as usize - 1;
        for _ in 0..TRIES {
            let product = catalogue.choose(month, day.week(), &mut self.dice);
            let last_basket = &mut self.last_baskets[product as usize];
            if *last_basket == self.basket_id {
                continue;
            }
            let (wanted, _) = QUANTITIES[self.quantities.draw(&mut self.dice)];
            let taken = self.stock.take(Shelf { store: trip.store, product }, wanted);
            if taken == 0 {
                continue;
            }
            *last_basket = self.basket_id;
            let store = &self.retailer.stores.all[usize::from(trip.store)];
            let listed = &catalogue.products[product as usize];
            let unit_cents = i64::from(listed.price_cents * store.price_percent / 100);
            let percent_off = catalogue.promotions.percent_off(product, day.week());
            let quantity = i64::from(taken);
            let price = Price::of(unit_cents, quantity, percent_off, &mut self.dice);
            return Some(self.line(trip, listed.id, quantity, price));
        }
        None
    }

    /// Fills a tank.
    fn fuel(&mut self, trip: Trip) -> BasketLine {
        let catalogue = &self.retailer.catalogue;
        let product = catalogue.choose_fuel(&mut self.dice);
        let profile = self.retailer.profile;
        let (quantity, price) =
            Price::of_fuel(profile.fuel_cents, profile.tank_units, &mut self.dice);
        self.line(trip, catalogue.products[product as usize].id, quantity, price)
    }

    fn line(&self, trip: Trip, product_id: u32, quantity: i64, price: Price) -> BasketLine {
        let store_id = self.retailer.stores.all[usize::from(trip.store)].id;
        let basket_id = self.basket_id;
        BasketLine { trip, basket_id, store_id, product_id, quantity, price }
    }
}
