//! Large clean exports for measuring: ten tenants of the same size, sorted by time.
//!
//! Ten tenants, 200 stores, 5,000 products and 90 days: the shape that other loaders have been
//! measured with, so that figures can be compared. There is no dirt and no stock here.

use std::fs;
use std::path::Path;

use jiff::civil::{Date, date};

use super::GroceryError;
use super::calendar::{date_text, later, push_clock};
use super::csv_file::{CsvFile, ExportedFile, push_digits};
use super::dice::{Dice, Weighted};

/// How many tenants a benchmark has.
const TENANT_COUNT: u64 = 10;

/// How many stores each tenant has.
const STORE_COUNT: u32 = 200;

/// How many products each tenant has.
const PRODUCT_COUNT: u32 = 5_000;

/// How many days the lines are spread over.
const DAY_COUNT: u64 = 90;

/// The first of those days.
const FIRST_DAY: Date = date(2026, 1, 5);

/// The most lines of one order.
const LONGEST_ORDER: u64 = 9;

/// The zones that the tenants write their times in, as ends of RFC 3339 times.
const ZONES: [&str; 10] =
    ["-05:00", "Z", "+01:00", "-08:00", "+09:00", "-06:00", "+02:00", "+10:00", "-03:00", "+05:30"];

/// The currency of each tenant.
const CURRENCIES: [&str; 10] =
    ["USD", "GBP", "EUR", "USD", "AUD", "CAD", "EUR", "AUD", "BRL", "INR"];

/// The files of a benchmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Benchmark {
    /// The stores that every tenant has: `store_id` and `time_zone`.
    pub stores: ExportedFile,
    /// The products that every tenant has: `product_id`, `name` and `unit_price`.
    pub products: ExportedFile,
    /// One file of basket lines a tenant, `tenant-01.csv` and so on.
    pub transactions: Vec<ExportedFile>,
}

/// Writes `line_count` clean basket lines of ten tenants into files below `directory`.
///
/// Each file's lines are sorted by time, and each tenant has a tenth of them. Files that are there
/// already are overwritten; the same arguments write the same bytes.
///
/// # Errors
/// Says which file could not be written.
pub fn write_benchmark(
    line_count: u64,
    seed: u64,
    directory: &Path,
) -> Result<Benchmark, GroceryError> {
    fs::create_dir_all(directory)
        .map_err(|source| GroceryError::Write { path: directory.to_owned(), source })?;
    let assortment = Assortment::new(seed);
    let transactions = (0..TENANT_COUNT)
        .map(|tenant| {
            let share = line_count / TENANT_COUNT + u64::from(tenant < line_count % TENANT_COUNT);
            write_tenant(tenant, share, &assortment, directory)
        })
        .collect::<Result<_, _>>()?;
    Ok(Benchmark {
        stores: write_stores(directory)?,
        products: assortment.write(directory)?,
        transactions,
    })
}

/// What every tenant sells.
struct Assortment {
    seed: u64,
    codes: Vec<String>,
    price_cents: Vec<u32>,
    popularity: Weighted,
}

impl Assortment {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "benchmark products");
        Self {
            seed,
            codes: (1..=PRODUCT_COUNT).map(|number| format!("P-{number:05}")).collect(),
            price_cents: (0..PRODUCT_COUNT).map(|_| dice.between(4, 250) * 10 + 9).collect(),
            popularity: Weighted::popularity(PRODUCT_COUNT),
        }
    }

    fn write(&self, directory: &Path) -> Result<ExportedFile, GroceryError> {
        let columns = ["product_id", "name", "unit_price"];
        let mut file = CsvFile::create(&directory.join("products.csv"), &columns)?;
        for (code, cents) in self.codes.iter().zip(&self.price_cents) {
            file.text(code);
            file.text(&format!("Product {code}"));
            file.cents(i64::from(*cents));
            file.end_record()?;
        }
        file.finish()
    }
}

fn write_stores(directory: &Path) -> Result<ExportedFile, GroceryError> {
    let mut file = CsvFile::create(&directory.join("stores.csv"), &["store_id", "time_zone"])?;
    for store in store_codes() {
        file.text(&store);
        file.text("UTC");
        file.end_record()?;
    }
    file.finish()
}

fn store_codes() -> impl Iterator<Item = String> {
    (1..=STORE_COUNT).map(|number| format!("S-{number:03}"))
}

fn write_tenant(
    tenant: u64,
    line_count: u64,
    assortment: &Assortment,
    directory: &Path,
) -> Result<ExportedFile, GroceryError> {
    let columns = [
        "external_id",
        "order_id",
        "store",
        "product",
        "occurred_at",
        "type",
        "quantity",
        "unit_price",
        "discount",
        "total",
        "currency",
    ];
    let path = directory.join(format!("tenant-{:02}.csv", tenant + 1));
    let mut lines = Lines {
        file: CsvFile::create(&path, &columns)?,
        assortment,
        stores: store_codes().collect(),
        zone: ZONES[tenant as usize],
        currency: CURRENCIES[tenant as usize],
        // Files of other seeds hold other sales: none is taken for another version of one of these.
        prefix: format!("T{:02}-{}-", tenant + 1, assortment.seed),
        dice: Dice::new(assortment.seed.wrapping_add(tenant), "benchmark lines"),
    };
    // Lines are dealt to days, then orders to the day's seconds, so that all is sorted as it comes.
    let mut written = 0;
    for day in 0..DAY_COUNT {
        let end = line_count * (day + 1) / DAY_COUNT;
        lines.write_day(date_of(day)?, written, end)?;
        written = end;
    }
    lines.file.finish()
}

/// Returns a day's date as times begin with it.
fn date_of(day: u64) -> Result<[u8; 11], GroceryError> {
    let mut text = date_text(later(FIRST_DAY, day as u32)?);
    text[10] = b'T';
    Ok(text)
}

/// One tenant's lines.
struct Lines<'a> {
    file: CsvFile,
    assortment: &'a Assortment,
    stores: Vec<String>,
    zone: &'static str,
    currency: &'static str,
    /// What the tenant's ids begin with.
    prefix: String,
    dice: Dice,
}

/// What the lines of an order share.
struct Order {
    id: u64,
    store: usize,
    occurred_at: Vec<u8>,
}

impl Lines<'_> {
    /// Writes the lines `start..end` of the tenant, spread evenly over one day.
    fn write_day(&mut self, date: [u8; 11], start: u64, end: u64) -> Result<(), GroceryError> {
        let mut line = start;
        let mut order = Order { id: 0, store: 0, occurred_at: Vec::with_capacity(32) };
        while line < end {
            let length = (1 + self.dice.below_large(LONGEST_ORDER)).min(end - line);
            order.id = line;
            order.store = self.dice.below(STORE_COUNT) as usize;
            order.occurred_at.clear();
            order.occurred_at.extend_from_slice(&date);
            push_clock(&mut order.occurred_at, ((line - start) * 86_400 / (end - start)) as u32);
            order.occurred_at.extend_from_slice(self.zone.as_bytes());
            for number in 0..length {
                self.write_line(&order, number)?;
            }
            line += length;
        }
        Ok(())
    }

    fn write_line(&mut self, order: &Order, number: u64) -> Result<(), GroceryError> {
        let product = self.assortment.popularity.draw(&mut self.dice);
        let drawn = self.dice.below(1 << 16);
        let kind: &[u8] = if drawn & 31 == 0 { b"return" } else { b"sale" };
        let quantity = i64::from(if drawn & 32 == 0 { 1 } else { 1 + ((drawn >> 6) & 3) });
        let unit_cents = i64::from(self.assortment.price_cents[product]);
        let full_cents = quantity * unit_cents;
        let discount_cents = if (drawn >> 8) & 3 == 0 { full_cents / 10 } else { 0 };

        let file = &mut self.file;
        let prefix = self.prefix.as_bytes();
        file.with(|line| {
            push_id(line, prefix, order.id);
            line.push(b'-');
            push_digits(line, number + 1);
        });
        file.with(|line| push_id(line, prefix, order.id));
        file.plain(self.stores[order.store].as_bytes());
        file.plain(self.assortment.codes[product].as_bytes());
        file.plain(&order.occurred_at);
        file.plain(kind);
        file.whole(quantity);
        file.cents(unit_cents);
        file.cents(discount_cents);
        file.cents(full_cents - discount_cents);
        file.plain(self.currency.as_bytes());
        file.end_record()
    }
}

fn push_id(line: &mut Vec<u8>, prefix: &[u8], order: u64) {
    line.extend_from_slice(prefix);
    push_digits(line, 100_000_000 + order);
}
