//! Single values: text, times, numbers, words.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::error::Category;
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

/// Words a JSON error by its kind and its place: serde quotes the value that surprised it, which is a
/// shopper's or a merchant's, and is kept in the raw record alone.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Data => "a member has another type than documented, or is missing",
        Category::Syntax => "it is no JSON",
        Category::Eof => "it breaks off",
        Category::Io => "it cannot be read",
    };
    let (line, column) = (error.line(), error.column());
    format!("it is not what is documented: {what}, at line {line} column {column}")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::square::wire::Order;

    #[test]
    fn no_value_of_a_shopper_is_part_of_a_reason() {
        for (json, place) in [
            (r#"{"id": {"Ann Shopper": 1}}"#, "line 1 column"),
            (r#"{"state": 4111111111111111}"#, "line 1 column"),
            (r#"{"id": "Ann Shopper""#, "breaks off"),
            (r#"Ann Shopper"#, "is no JSON"),
        ] {
            let reason = parse::<Order<'_>>(json).unwrap_err().reason;
            assert!(reason.contains(place), "{reason}");
            let shown = ["Ann", "4111"].iter().any(|value| reason.contains(value));
            assert!(!shown && !reason.contains("expected"), "{reason}");
        }
    }
}
