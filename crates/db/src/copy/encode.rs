//! Rows as PostgreSQL's binary COPY wants them.
//!
//! Written by hand because a load spends a third of its time here: no allocation a value, no dynamic
//! dispatch. The formats are those of the types' `recv` functions.

use bytes::{BufMut, Bytes, BytesMut};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::ids::IdSequence;

/// PostgreSQL counts time from 2000-01-01T00:00:00Z, in microseconds.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// And days from 2000-01-01.
const EPOCH: Date = Date::constant(2000, 1, 1);

/// How many bytes are gathered before they are sent.
const SEND_BYTES: usize = 128 * 1024;

/// What a binary COPY begins with: signature, no flags, no extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with.
pub(super) const TRAILER: &[u8] = b"\xff\xff";

/// Encodes rows of a fixed number of columns.
pub(super) struct RowEncoder {
    buffer: BytesMut,
    columns: i16,
    ids: IdSequence,
}

impl RowEncoder {
    pub(super) fn new(columns: i16) -> Self {
        Self { buffer: BytesMut::new(), columns, ids: IdSequence::new() }
    }

    /// Returns what is gathered, once it is worth sending.
    pub(super) fn take_full(&mut self) -> Option<Bytes> {
        (self.buffer.len() >= SEND_BYTES).then(|| self.take())
    }

    /// Returns what is left, if anything.
    pub(super) fn take_rest(&mut self) -> Option<Bytes> {
        (!self.buffer.is_empty()).then(|| self.buffer.split().freeze())
    }

    fn take(&mut self) -> Bytes {
        let taken = self.buffer.split().freeze();
        self.buffer.reserve(SEND_BYTES + 4096);
        taken
    }

    /// Makes an id for a row.
    pub(super) fn next_id(&mut self) -> Uuid {
        self.ids.next_id()
    }

    pub(super) fn begin_row(&mut self) {
        self.buffer.put_i16(self.columns);
    }

    pub(super) fn null(&mut self) {
        self.buffer.put_i32(-1);
    }

    pub(super) fn integer(&mut self, value: u32) {
        self.buffer.put_i32(4);
        self.buffer.put_u32(value);
    }

    pub(super) fn optional_integer(&mut self, value: Option<u32>) {
        match value {
            Some(value) => self.integer(value),
            None => self.null(),
        }
    }

    pub(super) fn uuid(&mut self, value: Uuid) {
        self.buffer.put_i32(16);
        self.buffer.put_slice(value.as_bytes());
    }

    pub(super) fn text(&mut self, value: &str) {
        // A field is shorter than a record, which the source caps far below two gigabytes.
        self.buffer.put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
        self.buffer.put_slice(value.as_bytes());
    }

    pub(super) fn time(&mut self, value: Timestamp) {
        self.buffer.put_i32(8);
        self.buffer.put_i64(value.as_microsecond() - EPOCH_MICROSECONDS);
    }

    pub(super) fn date(&mut self, value: Date) {
        let days = value.since((jiff::Unit::Day, EPOCH)).map_or(0, |span| span.get_days());
        self.day(i64::from(days));
    }

    /// A day by its distance from 2000-01-01.
    pub(super) fn day(&mut self, days: i64) {
        self.buffer.put_i32(4);
        // The calendar's years fit: 9999 is less than three million days away.
        self.buffer.put_i32(i32::try_from(days).unwrap_or(i32::MAX));
    }

    pub(super) fn optional_text(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    pub(super) fn optional_time(&mut self, value: Option<Timestamp>) {
        match value {
            Some(value) => self.time(value),
            None => self.null(),
        }
    }

    pub(super) fn optional_number(&mut self, value: Option<Decimal>) {
        match value {
            Some(value) => self.number(value),
            None => self.null(),
        }
    }

    /// `numeric`: base-10000 digits, the weight of the first, sign and scale.
    pub(super) fn number(&mut self, value: Decimal) {
        const GROUPS: usize = 9;
        let scale = value.scale();
        let padding = (4 - scale % 4) % 4;
        // 96 bits times a thousand stay far below 128.
        let mut rest = value.mantissa().unsigned_abs() * 10_u128.pow(padding);
        let fraction_groups = (scale + padding) / 4;
        let mut digits = [0_u16; GROUPS];
        let mut first = GROUPS;
        if let Ok(mut small) = u64::try_from(rest) {
            while small > 0 {
                first -= 1;
                digits[first] = u16::try_from(small % 10_000).unwrap_or_default();
                small /= 10_000;
            }
        } else {
            while rest > 0 {
                first -= 1;
                digits[first] = u16::try_from(rest % 10_000).unwrap_or_default();
                rest /= 10_000;
            }
        }
        let used = &digits[first..];
        let trailing = used.iter().rev().take_while(|digit| **digit == 0).count();
        let kept = &used[..used.len() - trailing];
        let weight = used.len() as i32 - fraction_groups as i32 - 1;
        let is_negative = value.is_sign_negative() && !kept.is_empty();
        self.buffer.put_i32(8 + 2 * kept.len() as i32);
        self.buffer.put_u16(kept.len() as u16);
        self.buffer.put_i16(if kept.is_empty() { 0 } else { weight as i16 });
        self.buffer.put_u16(if is_negative { 0x4000 } else { 0 });
        self.buffer.put_u16(scale as u16);
        for digit in kept {
            self.buffer.put_u16(*digit);
        }
    }
}

#[cfg(test)]
mod tests {
    use postgres_types::{ToSql, Type};

    use super::*;

    /// Every number must come out as the driver's own encoding of it reads.
    #[test]
    fn numbers_are_encoded_as_the_driver_does() {
        use postgres_types::FromSql;

        for text in [
            "0",
            "1",
            "-1",
            "0.01",
            "-0.01",
            "10000",
            "9999.9999",
            "123456789.12",
            "0.0001",
            "1000000000000000",
            "79228162514264337593543950335",
            "0.000000000001",
            "12.3400",
            "-79228162514264337593543950335",
            "10000.0001",
            "100000000",
        ] {
            let number: Decimal = text.parse().unwrap();
            let mut encoder = RowEncoder::new(1);
            encoder.number(number);
            let ours = encoder.take();
            let read = Decimal::from_sql(&Type::NUMERIC, &ours[4..]).unwrap();
            assert_eq!(read, number, "{text}");
            let mut theirs = BytesMut::new();
            let _ = number.to_sql(&Type::NUMERIC, &mut theirs).unwrap();
            assert_eq!(Decimal::from_sql(&Type::NUMERIC, &theirs).unwrap(), read, "{text}");
        }
    }

    #[test]
    fn times_and_days_count_from_the_year_2000() {
        let mut encoder = RowEncoder::new(1);
        encoder.time("2000-01-01T00:00:01Z".parse().unwrap());
        encoder.date(Date::constant(2000, 3, 1));
        encoder.date(Date::constant(1999, 12, 31));
        let written = encoder.take();
        assert_eq!(written[4..12], 1_000_000_i64.to_be_bytes());
        assert_eq!(written[16..20], 60_i32.to_be_bytes());
        assert_eq!(written[24..28], (-1_i32).to_be_bytes());
    }
}
