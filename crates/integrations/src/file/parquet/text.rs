//! Writes values as text: exactly, and in the shortest form that says the same.

use std::fmt::Write as _;

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{Span, Timestamp};
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};

use super::schema::{Format, Unit};
use crate::file::bytes::RECORD_BYTES;

/// A value that has a text. Writing to a String cannot fail, so its results are dropped.
pub(super) trait WriteText {
    /// Appends the value's text.
    ///
    /// # Errors
    /// Says what the value is if it is nothing that can be read; its bytes are appended then.
    fn write_text(&self, format: Format, text: &mut String) -> Result<(), &'static str>;
}

impl WriteText for bool {
    fn write_text(&self, _format: Format, text: &mut String) -> Result<(), &'static str> {
        text.push_str(if *self { "true" } else { "false" });
        Ok(())
    }
}

impl WriteText for i32 {
    fn write_text(&self, format: Format, text: &mut String) -> Result<(), &'static str> {
        match format {
            Format::Unsigned => write_display(self.cast_unsigned(), text),
            Format::Date => write_date(*self, text),
            _ => return i64::from(*self).write_text(format, text),
        }
        Ok(())
    }
}

impl WriteText for i64 {
    fn write_text(&self, format: Format, text: &mut String) -> Result<(), &'static str> {
        match format {
            Format::Unsigned => write_display(self.cast_unsigned(), text),
            Format::Decimal { scale } => write_decimal(i128::from(*self), scale, text),
            Format::Timestamp { unit, is_utc } => {
                write_timestamp(i128::from(*self) * nanoseconds(unit), is_utc, text);
            }
            Format::TimeOfDay(unit) => {
                write_time(i128::from(*self) * nanoseconds(unit), text);
            }
            _ => write_display(*self, text),
        }
        Ok(())
    }
}

impl WriteText for Int96 {
    fn write_text(&self, _format: Format, text: &mut String) -> Result<(), &'static str> {
        const DAY_OF_1970: i128 = 2_440_588;
        const NANOSECONDS_A_DAY: i128 = 86_400_000_000_000;
        let &[low, high, day] = self.data() else {
            return Err("no value");
        };
        let within_day = i128::from(high) << 32 | i128::from(low);
        let days = i128::from(day.cast_signed()) - DAY_OF_1970;
        write_timestamp(days * NANOSECONDS_A_DAY + within_day, false, text);
        Ok(())
    }
}

impl WriteText for f32 {
    fn write_text(&self, _format: Format, text: &mut String) -> Result<(), &'static str> {
        let is_readable = *self == 0.0 || (1e-5..1e16).contains(&self.abs());
        let _ = if is_readable { write!(text, "{self}") } else { write!(text, "{self:e}") };
        Ok(())
    }
}

impl WriteText for f64 {
    fn write_text(&self, _format: Format, text: &mut String) -> Result<(), &'static str> {
        let is_readable = *self == 0.0 || (1e-5..1e16).contains(&self.abs());
        let _ = if is_readable { write!(text, "{self}") } else { write!(text, "{self:e}") };
        Ok(())
    }
}

impl WriteText for ByteArray {
    fn write_text(&self, format: Format, text: &mut String) -> Result<(), &'static str> {
        write_bytes(self.data(), format, text)
    }
}

impl WriteText for FixedLenByteArray {
    fn write_text(&self, format: Format, text: &mut String) -> Result<(), &'static str> {
        write_bytes(self.data(), format, text)
    }
}

fn write_bytes(bytes: &[u8], format: Format, text: &mut String) -> Result<(), &'static str> {
    if let Format::Decimal { scale } = format {
        let Some(unscaled) = big_endian(bytes) else {
            write_hex(bytes, text);
            return Err("a decimal of more than 38 digits");
        };
        write_decimal(unscaled, scale, text);
        return Ok(());
    }
    if let (Format::Uuid, [a @ .., _, _, _, _, _, _, _, _, _, _, _, _]) = (format, bytes)
        && a.len() == 4
    {
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            let _ = write!(text, "{byte:02x}");
        }
        return Ok(());
    }
    if bytes.len() > RECORD_BYTES {
        return Err("a value of more than 1 MiB");
    }
    match str::from_utf8(bytes) {
        Ok(told) => text.push_str(told),
        Err(_) => {
            write_hex(bytes, text);
            if format == Format::Text {
                return Err("bytes that are no UTF-8");
            }
        }
    }
    Ok(())
}

/// Reads a number of two's complement; nothing when it has more than sixteen bytes that count.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let is_negative = bytes.first().is_some_and(|first| *first >= 0x80);
    let fill = if is_negative { 0xff } else { 0 };
    let (extra, kept) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut number = [fill; 16];
    number[16 - kept.len()..].copy_from_slice(kept);
    let number = i128::from_be_bytes(number);
    let is_whole = extra.iter().all(|byte| *byte == fill) && (number < 0) == is_negative;
    is_whole.then_some(number)
}

fn write_display(value: impl std::fmt::Display, text: &mut String) {
    let _ = write!(text, "{value}");
}

fn write_hex(bytes: &[u8], text: &mut String) {
    text.push_str("0x");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
}

fn write_decimal(unscaled: i128, scale: u32, text: &mut String) {
    if unscaled < 0 {
        text.push('-');
    }
    let start = text.len();
    let width = scale as usize + 1;
    let _ = write!(text, "{:0width$}", unscaled.unsigned_abs());
    if scale > 0 {
        let point = text.len().max(start) - scale as usize;
        text.insert(point, '.');
    }
}

fn write_date(days: i32, text: &mut String) {
    let date =
        Span::new().try_days(days).and_then(|span| Date::constant(1970, 1, 1).checked_add(span));
    let _ = match date {
        Ok(date) => write!(text, "{date}"),
        Err(_) => write!(text, "{days} days from 1970"),
    };
}

fn write_time(nanoseconds: i128, text: &mut String) {
    let time = i64::try_from(nanoseconds)
        .ok()
        .and_then(|count| Time::midnight().checked_add(Span::new().nanoseconds(count)).ok());
    let _ = match time {
        Some(time) if nanoseconds >= 0 => write!(text, "{time}"),
        _ => write!(text, "{nanoseconds} nanoseconds from midnight"),
    };
}

/// Writes `2017-01-31T12:30:00`, with `Z` behind it if it is by UTC.
fn write_timestamp(nanoseconds: i128, is_utc: bool, text: &mut String) {
    let Ok(instant) = Timestamp::from_nanosecond(nanoseconds) else {
        let _ = write!(text, "{nanoseconds} nanoseconds from 1970");
        return;
    };
    let _ = write!(text, "{}", Offset::UTC.to_datetime(instant));
    if is_utc {
        text.push('Z');
    }
}

const fn nanoseconds(unit: Unit) -> i128 {
    match unit {
        Unit::Milliseconds => 1_000_000,
        Unit::Microseconds => 1_000,
        Unit::Nanoseconds => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &impl WriteText, format: Format) -> String {
        let mut text = "before ".to_owned();
        value.write_text(format, &mut text).unwrap();
        text.split_off(7)
    }

    #[test]
    fn numbers_are_written_exactly() {
        assert_eq!(written(&0.1_f64, Format::Plain), "0.1");
        assert_eq!(written(&3.0_f64, Format::Plain), "3");
        assert_eq!(written(&1e308_f64, Format::Plain), "1e308");
        assert_eq!(written(&f64::NAN, Format::Plain), "NaN");
        assert_eq!(written(&-0.0_f64, Format::Plain), "-0");
        assert_eq!(written(&0.1_f32, Format::Plain), "0.1");
        assert_eq!(written(&-1_i32, Format::Unsigned), "4294967295");
        assert_eq!(written(&-1_i64, Format::Unsigned), "18446744073709551615");
        for (unscaled, scale, text) in [
            (12345, 2, "123.45"),
            (-5, 2, "-0.05"),
            (0, 2, "0.00"),
            (7, 0, "7"),
            (-1200, 3, "-1.200"),
        ] {
            assert_eq!(written(&unscaled, Format::Decimal { scale }), text);
            let bytes = ByteArray::from(i128::from(unscaled).to_be_bytes().to_vec());
            assert_eq!(written(&bytes, Format::Decimal { scale }), text);
        }
        let long = ByteArray::from([&[0xff; 20][..], &[0x85][..]].concat());
        assert_eq!(written(&long, Format::Decimal { scale: 1 }), "-12.3");
        let longest = ByteArray::from(vec![1; 20]);
        assert!(longest.write_text(Format::Decimal { scale: 1 }, &mut String::new()).is_err());
    }

    #[test]
    fn times_are_written_in_iso_style() {
        let timestamp = |unit, is_utc| Format::Timestamp { unit, is_utc };
        let utc = timestamp(Unit::Milliseconds, true);
        assert_eq!(written(&1_483_271_606_000_i64, utc), "2017-01-01T11:53:26Z");
        let local = timestamp(Unit::Nanoseconds, false);
        assert_eq!(written(&1_500_000_000_i64, local), "1970-01-01T00:00:01.5");
        assert_eq!(written(&i64::MAX, utc), "9223372036854775807000000 nanoseconds from 1970");
        assert_eq!(written(&17_167_i32, Format::Date), "2017-01-01");
        assert_eq!(written(&-1_i32, Format::Date), "1969-12-31");
        assert_eq!(written(&i32::MAX, Format::Date), "2147483647 days from 1970");
        let time = Format::TimeOfDay(Unit::Milliseconds);
        assert_eq!(written(&3_600_001_i32, time), "01:00:00.001");
        let mut old = Int96::new();
        old.set_data(1_000_000_000, 0, 2_440_589);
        assert_eq!(written(&old, local), "1970-01-02T00:00:01");
    }

    #[test]
    fn bytes_are_text_where_they_can_be() {
        assert_eq!(written(&ByteArray::from("é"), Format::Text), "é");
        assert_eq!(written(&ByteArray::from("plain"), Format::Bytes), "plain");
        assert_eq!(written(&ByteArray::from(vec![0xe9, 1]), Format::Bytes), "0xe901");
        let mut text = String::new();
        let no_text = ByteArray::from(vec![0xe9]);
        assert!(no_text.write_text(Format::Text, &mut text).is_err());
        assert_eq!(text, "0xe9");
        let uuid = FixedLenByteArray::from((0..16).collect::<Vec<u8>>());
        assert_eq!(written(&uuid, Format::Uuid), "00010203-0405-0607-0809-0a0b0c0d0e0f");
    }
}
