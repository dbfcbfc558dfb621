//! Single values: text, times, numbers, words.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use shelfops_ingest::source::Malformed;
use shelfops_ingest::values::{
    Currency, Field, Moment, NumberFormat, Text, UnreadableKind, parse_number,
};

/// Reads a piece of JSON as a wire type.
///
/// # Errors
/// Says which member is not what is documented; values are not quoted.
pub(in crate::square) fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Malformed> {
    serde_json::from_str(json).map_err(|error| Malformed { reason: describe(&error) })
}

/// Words a JSON error; serde quotes the value that surprised it, which is kept in the raw record.
fn describe(error: &serde_json::Error) -> String {
    format!("it is not what is documented: {error}")
}

pub(super) fn text(told: Option<&str>) -> Field<Text> {
    match told.map(str::trim).filter(|text| !text.is_empty()) {
        None => Field::Absent,
        Some(text) if text.contains('\0') => {
            Field::unreadable(UnreadableKind::Text, "holds a NUL character")
        }
        Some(text) => Field::Value(Text::new(text)),
    }
}

pub(super) fn moment(told: Option<&str>) -> Field<Moment> {
    match told.map(str::parse::<Timestamp>) {
        None => Field::Absent,
        Some(Ok(at)) => Field::Value(Moment::exact(at)),
        Some(Err(_)) => Field::unreadable(UnreadableKind::Time, "is no time of RFC 3339"),
    }
}

/// Reads a time that only steers reading; what is no time steers nothing.
pub(in crate::square) fn instant(told: Option<&str>) -> Option<Timestamp> {
    told?.parse().ok()
}

pub(super) fn number(told: Option<&str>) -> Field<Decimal> {
    match told.map(|text| parse_number(text, NumberFormat::Plain)) {
        None => Field::Absent,
        Some(Ok(number)) => Field::Value(number),
        Some(Err(reason)) => Field::unreadable(UnreadableKind::Number, reason),
    }
}

pub(super) fn currency(told: Option<&str>) -> Field<Currency> {
    match told.map(Currency::parse) {
        None => Field::Absent,
        Some(Ok(currency)) => Field::Value(currency),
        Some(Err(error)) => Field::unreadable(UnreadableKind::Currency, error.to_string()),
    }
}

pub(super) fn malformed<T>(reason: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed { reason: reason.into() })
}
