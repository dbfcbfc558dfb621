//! Lines of sales as rows: of staging, and of the table itself.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use shelfops_ingest::records::{Transaction, TransactionType};
use uuid::Uuid;

use super::super::Target;
use crate::copy::CHUNKS;
use crate::copy::days::Days;
use crate::copy::destinations::{self, Destination, Destinations};
use crate::copy::encode::RowEncoder;

/// What the program copies straight into a partition, in the order that [`encode_final`] writes.
pub(super) const FINAL_COLUMNS: &str = "customer_id, transaction_id, store_id, product_id, \
    occurred_at, business_date, source_updated_at, quantity, unit_price, discount_amount, \
    tax_amount, total_amount, currency, transaction_type, source, external_id, external_order_id";

/// How many those are.
pub(super) const FINAL_COLUMN_COUNT: i16 = 17;

/// PostgreSQL counts days from 2000-01-01, the 10,957th day after 1970-01-01.
const EPOCH_DAY: i64 = 10_957;

/// The days that a line belongs to, by their distance from 2000-01-01.
#[derive(Clone, Copy)]
struct LineDays {
    utc: i32,
    business: i32,
}

impl LineDays {
    fn of(line: &Transaction, zone: &TimeZone) -> Self {
        let instant = line.occurred_at.instant;
        let second = instant.as_second();
        let local_second = second + i64::from(zone.to_offset(instant).seconds());
        Self { utc: day_of(second), business: day_of(local_second) }
    }
}

fn day_of(second: i64) -> i32 {
    // The calendar's years fit: 9999 is less than three million days away.
    i32::try_from(second.div_euclid(86_400) - EPOCH_DAY).unwrap_or(i32::MAX)
}

/// Adds the days that lines of a moment may belong to: no clock of the world is a whole day away.
pub(in crate::copy) fn add_days(days: &mut Days, at: Timestamp) {
    let utc = day_of(at.as_second());
    days.add(utc, utc.saturating_sub(1));
    days.add(utc, utc.saturating_add(1));
}

/// Writes a line to its destination; answers which one that is.
pub(in crate::copy::tables) fn write(
    destinations: &mut Destinations,
    days: &mut Days,
    row_number: u32,
    line: &Transaction,
    target: Target<'_>,
) -> usize {
    let place = destinations.route(CHUNKS.span_of(line.occurred_at.instant));
    let place = place.unwrap_or(destinations::STAGING);
    let line_days = LineDays::of(line, target.references.zone_of(target.ids.store));
    days.add(line_days.utc, line_days.business);
    let Destination { encoder, chunk, .. } = destinations.get(place);
    let id = encoder.next_id();
    encoder.begin_row();
    match chunk {
        Some(chunk) => {
            chunk.rows.push((row_number, id));
            encode_final(encoder, id, (line, line_days), target);
        }
        None => {
            encoder.integer(row_number);
            encode_staged(encoder, id, (line, line_days), target);
        }
    }
    place
}

fn encode_staged(
    row: &mut RowEncoder,
    id: Uuid,
    (line, days): (&Transaction, LineDays),
    target: Target<'_>,
) {
    row.uuid(id);
    row.uuid(target.ids.store);
    row.uuid(target.ids.product);
    row.time(line.occurred_at.instant);
    row.day(i64::from(days.utc));
    row.day(i64::from(days.business));
    row.optional_time(line.updated_at.map(|at| at.instant));
    encode_amounts(row, line);
    row.text(&line.external_id);
    row.optional_text(line.order_id.as_deref());
    row.optional_integer(line.order_lines);
}

/// As [`FINAL_COLUMNS`] lists them.
fn encode_final(
    row: &mut RowEncoder,
    id: Uuid,
    (line, days): (&Transaction, LineDays),
    target: Target<'_>,
) {
    row.uuid(target.options.customer_id.as_uuid());
    row.uuid(id);
    row.uuid(target.ids.store);
    row.uuid(target.ids.product);
    row.time(line.occurred_at.instant);
    row.day(i64::from(days.business));
    row.optional_time(line.updated_at.map(|at| at.instant));
    encode_amounts(row, line);
    row.text(target.options.source.as_str());
    row.text(&line.external_id);
    row.optional_text(line.order_id.as_deref());
}

fn encode_amounts(row: &mut RowEncoder, line: &Transaction) {
    row.number(line.quantity);
    row.optional_number(line.unit_price);
    row.number(line.discount_amount.unwrap_or_default());
    row.number(line.tax_amount.unwrap_or_default());
    row.number(line.total_amount);
    row.text(line.currency.code());
    row.text(line.transaction_type.unwrap_or(TransactionType::Sale).name());
}
