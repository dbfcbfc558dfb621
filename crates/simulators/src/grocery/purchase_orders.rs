//! The orders that fill the shelves, written as `purchase_orders.csv`: one record a line, with its
//! order's head repeated.

use std::path::Path;

use super::GroceryError;
use super::calendar::{Day, date_text, later};
use super::csv_file::{CsvFile, ExportedFile};
use super::dice::Dice;
use super::dirt::{Dirt, DirtKind};
use super::retailer::Retailer;
use super::stock::{Delivery, Shelf, Stock};
use super::suppliers::Supplier;

/// What the export calls the currency where a clerk typed it: first on line 11, then every 997.
const WRONG_CURRENCIES: [&str; 3] = ["US$", "ZZZ", "£"];

/// What the export calls the state where a clerk typed it: first on line 23, then every 991.
const WRONG_STATUSES: [&str; 2] = ["shiped", "???"];

/// When orders are placed, after the last sale.
const ORDER_TIME: &[u8] = b"23:30:00";

/// When trucks are expected.
const DELIVERY_TIME: &[u8] = b"06:30:00";

/// The orders so far.
#[derive(Debug)]
pub(super) struct PurchaseOrders {
    file: CsvFile,
    order_count: i64,
    dice: Dice,
    dirt: Dirt,
}

/// The head of an order.
#[derive(Debug)]
struct Head {
    id: i64,
    supplier: Supplier,
    supplier_name: String,
    store_id: u32,
    ordered_on: [u8; 11],
    expected_on: [u8; 11],
    fate: Fate,
}

/// How an order ends, by the index of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It arrives.
    Arrives(u32),
    /// The supplier calls it off.
    CalledOff(u32),
}

impl PurchaseOrders {
    /// Creates the file.
    pub(super) fn create(retailer: &Retailer, directory: &Path) -> Result<Self, GroceryError> {
        let columns = [
            "purchase_order_id",
            "supplier_id",
            "supplier_name",
            "store_id",
            "product_id",
            "ordered_at",
            "expected_at",
            "status",
            "quantity_ordered",
            "quantity_received",
            "unit_cost",
            "currency",
        ];
        Ok(Self {
            file: CsvFile::create(&directory.join("purchase_orders.csv"), &columns)?,
            order_count: 0,
            dice: Dice::new(retailer.config.seed, "purchase orders"),
            dirt: Dirt::default(),
        })
    }

    /// Orders in the evening what the day's sales have made scarce: one order a store and supplier.
    pub(super) fn place(
        &mut self,
        day: &Day,
        retailer: &Retailer,
        stock: &mut Stock,
    ) -> Result<(), GroceryError> {
        let supplier = |shelf: Shelf| {
            let product = &retailer.catalogue.products[shelf.product as usize];
            Supplier::of(product.manufacturer, retailer.config.product_count)
        };
        let mut wanted: Vec<(u16, Supplier, Shelf, u32)> = stock
            .take_orders()
            .into_iter()
            .map(|(shelf, units)| (shelf.store, supplier(shelf), shelf, units))
            .collect();
        wanted.sort_unstable();
        for lines in wanted.chunk_by(|left, right| (left.0, left.1) == (right.0, right.1)) {
            let (store, supplier, ..) = lines[0];
            let head = self.head(day, supplier, retailer.stores.all[usize::from(store)].id)?;
            let (Fate::Arrives(end_day) | Fate::CalledOff(end_day)) = head.fate;
            for (_, _, shelf, ordered) in lines {
                let received = self.receipt(&head, *ordered);
                let delivery = Delivery { shelf: *shelf, ordered: *ordered, received };
                self.write(&head, &delivery, retailer)?;
                stock.announce(end_day, delivery);
            }
        }
        Ok(())
    }

    /// Hands everything to the system.
    pub(super) fn finish(self) -> Result<(ExportedFile, Dirt), GroceryError> {
        Ok((self.file.finish()?, self.dirt))
    }

    fn head(&mut self, day: &Day, supplier: Supplier, store_id: u32) -> Result<Head, GroceryError> {
        self.order_count += 1;
        let due = supplier.lead_days();
        let due_day = day.index + due;
        let fate = match self.dice.below(100) {
            0..=79 => Fate::Arrives(due_day),
            80..=91 => Fate::Arrives(due_day + 1),
            92..=97 => Fate::Arrives(due_day + self.dice.between(2, 5)),
            _ => Fate::CalledOff(due_day),
        };
        Ok(Head {
            id: 4_500_000_000 + self.order_count,
            supplier,
            supplier_name: supplier.name(),
            store_id,
            ordered_on: date_text(day.date),
            expected_on: date_text(later(day.date, due)?),
            fate,
        })
    }

    /// Draws how many of the units ordered will arrive.
    fn receipt(&mut self, head: &Head, ordered: u32) -> u32 {
        match head.fate {
            Fate::CalledOff(_) => 0,
            Fate::Arrives(_) if self.dice.per_mille(50) => {
                ordered * self.dice.between(40, 90) / 100
            }
            Fate::Arrives(_) => ordered,
        }
    }

    /// Writes a line as the export of the last day tells it: what comes later is still open.
    fn write(
        &mut self,
        head: &Head,
        delivery: &Delivery,
        retailer: &Retailer,
    ) -> Result<(), GroceryError> {
        let day_count = u32::from(retailer.config.days);
        let product = &retailer.catalogue.products[delivery.shelf.product as usize];
        let (status, received) = match head.fate {
            Fate::CalledOff(day) if day < day_count => ("cancelled", 0),
            Fate::Arrives(day) if day < day_count && delivery.received < delivery.ordered => {
                ("partially-received", delivery.received)
            }
            Fate::Arrives(day) if day < day_count => ("received", delivery.received),
            Fate::CalledOff(_) | Fate::Arrives(_) => ("open", 0),
        };
        // A grocer pays about 70 % of the price, in whole cents.
        let unit_cost = i64::from(product.price_cents * self.dice.between(64, 76) / 100);
        let line = self.file.record_count();
        let wrong_currency = (line % 997 == 10)
            .then(|| WRONG_CURRENCIES[(line / 997) as usize % WRONG_CURRENCIES.len()]);
        let wrong_status = (line % 991 == 22 && wrong_currency.is_none())
            .then(|| WRONG_STATUSES[(line / 991) as usize % WRONG_STATUSES.len()]);
        if wrong_currency.is_some() {
            self.dirt.add(DirtKind::UnknownCurrency);
        }
        if wrong_status.is_some() {
            self.dirt.add(DirtKind::UnknownStatus);
        }

        let file = &mut self.file;
        file.whole(head.id);
        file.whole(i64::from(head.supplier.id()));
        file.text(&head.supplier_name);
        file.whole(i64::from(head.store_id));
        file.whole(i64::from(product.id));
        file.with(|line| line.extend(head.ordered_on.iter().chain(ORDER_TIME)));
        file.with(|line| line.extend(head.expected_on.iter().chain(DELIVERY_TIME)));
        file.text(wrong_status.unwrap_or(status));
        file.whole(i64::from(delivery.ordered));
        file.whole(i64::from(received));
        file.cents(unit_cost);
        file.text(wrong_currency.unwrap_or(retailer.profile.currency));
        file.end_record()
    }
}
