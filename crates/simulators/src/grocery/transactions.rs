//! Basket lines, written as `transactions.csv` with the dirt that is due.

use std::collections::VecDeque;
use std::path::Path;

use super::GroceryError;
use super::calendar::Day;
use super::csv_file::{CsvFile, ExportedFile};
use super::dirt::{Dirt, DirtKind, Schedule};
use super::pricing::Price;
use super::retailer::Retailer;
use super::shopping::Trip;

/// How many lines later a till sends a line again that it does not send again at once.
const RESENT_AFTER_LINES: u64 = 20_000;

/// Numbers that are none, and whether they stand for the value or else for the quantity.
const UNREADABLE: [(&str, bool); 5] =
    [("N/A", false), ("1,234.50", true), ("#REF!", true), ("two", false), ("12.3.4", true)];

/// One product in one basket.
#[derive(Debug, Clone, Copy)]
pub(super) struct BasketLine {
    pub(super) trip: Trip,
    pub(super) basket_id: i64,
    pub(super) store_id: u32,
    pub(super) product_id: u32,
    pub(super) quantity: i64,
    pub(super) price: Price,
}

/// What the clean lines come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CleanTotals {
    /// Lines without dirt; a line that comes twice counts once.
    pub line_count: u64,
    /// Their `sales_value`, in cents.
    pub sales_cents: i64,
}

/// The lines so far.
#[derive(Debug)]
pub(super) struct Transactions {
    file: CsvFile,
    schedule: Schedule,
    /// Lines to send again, and at which line each is due.
    resent: VecDeque<(u64, Vec<u8>)>,
    resent_after: u64,
    twice_count: u64,
    delisted_ids: Vec<u32>,
    dirt: Dirt,
    clean: CleanTotals,
}

impl Transactions {
    /// Creates the file.
    pub(super) fn create(retailer: &Retailer, directory: &Path) -> Result<Self, GroceryError> {
        let columns = [
            "household_id",
            "store_id",
            "basket_id",
            "product_id",
            "quantity",
            "sales_value",
            "retail_disc",
            "coupon_disc",
            "coupon_match_disc",
            "week",
            "transaction_timestamp",
        ];
        let line_count = retailer.config.basket_lines;
        Ok(Self {
            file: CsvFile::create(&directory.join("transactions.csv"), &columns)?,
            schedule: Schedule::new(retailer.config.seed, line_count),
            resent: VecDeque::new(),
            resent_after: RESENT_AFTER_LINES.min(line_count / 20),
            twice_count: 0,
            delisted_ids: retailer.catalogue.delisted_ids.clone(),
            dirt: Dirt::default(),
            clean: CleanTotals::default(),
        })
    }

    /// Returns how many lines there are.
    pub(super) const fn line_count(&self) -> u64 {
        self.file.record_count()
    }

    /// Sends a line again if one is due.
    pub(super) fn resend(&mut self) -> Result<(), GroceryError> {
        let now = self.line_count();
        let Some((_, line)) = self.resent.pop_front_if(|(due, _)| *due <= now) else {
            return Ok(());
        };
        self.dirt.add(DirtKind::DuplicateLine);
        self.file.raw_record(&line)
    }

    /// Writes a line, clean or with the dirt that is due.
    pub(super) fn write(&mut self, line: &BasketLine, day: &Day) -> Result<(), GroceryError> {
        match self.schedule.due(self.line_count()) {
            None => self.clean(line, day),
            Some(DirtKind::DuplicateLine) => return self.twice(line, day),
            Some(kind) => {
                self.soil(line, day, kind);
                self.dirt.add(kind);
            }
        }
        self.file.end_record()
    }

    /// Hands everything to the system.
    pub(super) fn finish(self) -> Result<(ExportedFile, Dirt, CleanTotals), GroceryError> {
        Ok((self.file.finish()?, self.dirt, self.clean))
    }

    fn clean(&mut self, line: &BasketLine, day: &Day) {
        self.fields(line, day);
        self.clean.line_count += 1;
        self.clean.sales_cents += line.price.sales_cents;
    }

    /// Writes a clean line and keeps a copy: every second one for much later.
    fn twice(&mut self, line: &BasketLine, day: &Day) -> Result<(), GroceryError> {
        self.clean(line, day);
        let copy = self.file.line().to_vec();
        self.file.end_record()?;
        let now = self.line_count();
        self.twice_count += 1;
        if self.twice_count.is_multiple_of(2) {
            self.resent.push_front((now, copy));
        } else {
            self.resent.push_back((now + self.resent_after, copy));
        }
        Ok(())
    }

    fn soil(&mut self, line: &BasketLine, day: &Day, kind: DirtKind) {
        let planted = self.dirt.count(kind) as usize;
        let mut line = *line;
        match kind {
            DirtKind::ZeroQuantity => {
                line.quantity = 0;
                line.price = Price::default();
            }
            // A free line has no value to be wrong about; these have a cent at least.
            DirtKind::ZeroQuantityWithValue => {
                line.quantity = 0;
                line.price.sales_cents = line.price.sales_cents.max(1);
            }
            DirtKind::NegativeQuantity => {
                line.quantity = -line.quantity;
                line.price.sales_cents = line.price.sales_cents.max(1);
            }
            // In turn: no basket is long enough to get the same one twice.
            DirtKind::UnknownProduct => {
                line.product_id = self.delisted_ids[planted % self.delisted_ids.len()];
            }
            DirtKind::UnreadableNumber => {
                return self.unreadable(&line, day, UNREADABLE[planted % UNREADABLE.len()]);
            }
            DirtKind::ImpossibleDate => return self.impossible(&line, day, planted),
            DirtKind::ShortLine => return self.head(&line),
            DirtKind::DuplicateLine
            | DirtKind::UnreadableCount
            | DirtKind::UnknownCurrency
            | DirtKind::UnknownStatus => {}
        }
        self.fields(&line, day);
    }

    fn unreadable(&mut self, line: &BasketLine, day: &Day, (text, is_value): (&str, bool)) {
        self.head(line);
        if is_value {
            self.file.whole(line.quantity);
            self.file.text(text);
        } else {
            self.file.text(text);
            self.file.cents(line.price.sales_cents);
        }
        self.discounts(line, day);
        self.time(line, day);
    }

    fn impossible(&mut self, line: &BasketLine, day: &Day, planted: usize) {
        self.head(line);
        self.amounts(line);
        self.discounts(line, day);
        let year = day.date.year();
        self.file.text(&match planted % 4 {
            0 => format!("{year}-02-31 12:30:00"),
            1 => "1899-12-30 00:00:00".to_owned(),
            2 => format!("{year}-13-01 09:15:00"),
            _ => "0000-00-00 00:00:00".to_owned(),
        });
    }

    fn fields(&mut self, line: &BasketLine, day: &Day) {
        self.head(line);
        self.amounts(line);
        self.discounts(line, day);
        self.time(line, day);
    }

    fn head(&mut self, line: &BasketLine) {
        self.file.whole(i64::from(line.trip.household));
        self.file.whole(i64::from(line.store_id));
        self.file.whole(line.basket_id);
        self.file.whole(i64::from(line.product_id));
    }

    fn amounts(&mut self, line: &BasketLine) {
        self.file.whole(line.quantity);
        self.file.cents(line.price.sales_cents);
    }

    fn discounts(&mut self, line: &BasketLine, day: &Day) {
        self.file.cents(line.price.retail_discount_cents);
        self.file.cents(line.price.coupon_cents);
        self.file.cents(line.price.coupon_match_cents);
        self.file.whole(i64::from(day.week()));
    }

    fn time(&mut self, line: &BasketLine, day: &Day) {
        self.file.with(|text| day.push_time(text, line.trip.second));
    }
}
