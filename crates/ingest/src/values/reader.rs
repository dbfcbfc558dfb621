//! Reads the fields of one record, in the order its type declares them.

use std::fmt::Display;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::field::quote;
use super::{
    Currency, Field, Moment, NumberFormat, StoreZones, Text, TimeFormat, UnreadableKind,
    parse_date, parse_number, parse_time,
};

/// What one field of a record is called, holds and may be called elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// Our name of the field, as mapping files use it.
    pub name: &'static str,
    /// Which kind of value it holds.
    pub kind: ValueKind,
    /// Whether a record without it is refused.
    pub is_required: bool,
    /// Column names, lower-case with underscores, that are taken for it when no mapping says
    /// otherwise; the first that is found wins.
    pub synonyms: &'static [&'static str],
    /// What it means, for the reference and for `--dry-run`.
    pub meaning: &'static str,
}

/// The kind of value that a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Text, such as an id or a name.
    Text,
    /// An exact decimal number.
    Number,
    /// A point in time.
    Time,
    /// A day.
    Date,
    /// A word of a fixed list.
    Word,
    /// An ISO 4217 code.
    Currency,
}

/// How a source writes values, where the text alone does not say.
#[derive(Clone, Debug)]
pub struct Conventions {
    /// How dates are written.
    pub time_format: TimeFormat,
    /// How numbers are written.
    pub number_format: NumberFormat,
    /// By whose clock local times are read.
    pub zones: StoreZones,
    /// The currency of records that state none.
    pub currency: Option<Currency>,
    /// Whether returns are written below zero: a quantity without a type, or the amounts of a line
    /// of the type return.
    pub negative_quantity_is_return: bool,
}

/// Hands out the values of one record, one field after the other.
pub struct FieldReader<'a, F> {
    values: F,
    conventions: &'a Conventions,
    next: usize,
}

impl<'a, 'v, F: Fn(usize) -> Option<&'v str>> FieldReader<'a, F> {
    /// Starts at the first field; `values` answers the text of a field by its index.
    pub const fn new(values: F, conventions: &'a Conventions) -> Self {
        Self { values, conventions, next: 0 }
    }

    /// Returns the conventions that values are read by.
    pub const fn conventions(&self) -> &'a Conventions {
        self.conventions
    }

    /// Reads the next field as text.
    pub fn text(&mut self) -> Field<Text> {
        match self.take() {
            None => Field::Absent,
            // PostgreSQL cannot hold U+0000 in text.
            Some(text) if text.contains('\0') => Field::unreadable(
                UnreadableKind::Text,
                format!("{} holds a NUL character", quote(text)),
            ),
            Some(text) => Field::Value(Text::new(text)),
        }
    }

    /// Reads the next field as an exact decimal.
    pub fn number(&mut self) -> Field<Decimal> {
        let format = self.conventions.number_format;
        self.parse(UnreadableKind::Number, |text| parse_number(text, format))
    }

    /// Reads the next field as a point in time, by the clock of `store` where it has no offset.
    pub fn time(&mut self, store: Option<&Text>) -> Field<Moment> {
        let (format, zone) = (self.conventions.time_format, self.conventions.zones.zone_of(store));
        self.parse(UnreadableKind::Time, |text| parse_time(text, format, zone))
    }

    /// Reads the next field as the name of a time zone, one that local times can be read by.
    pub fn zone_name(&mut self) -> Field<Text> {
        self.parse(UnreadableKind::Time, |text| match TimeZone::get(text) {
            Ok(zone) if !zone.is_unknown() => Ok(Text::new(text)),
            _ => Err(format!("{} is no time zone", quote(text))),
        })
    }

    /// Reads the next field as a day.
    pub fn date(&mut self) -> Field<jiff::civil::Date> {
        let format = self.conventions.time_format;
        self.parse(UnreadableKind::Time, |text| parse_date(text, format))
    }

    /// Reads the next field as a word of a fixed list.
    pub fn word<T, E: Display>(&mut self, parse: impl Fn(&str) -> Result<T, E>) -> Field<T> {
        self.parse(UnreadableKind::Type, |text| parse(text).map_err(|error| error.to_string()))
    }

    /// Reads the next field as a currency; the convention's where the source says nothing.
    pub fn currency(&mut self) -> Field<Currency> {
        let told = self.parse(UnreadableKind::Currency, |text| {
            Currency::parse(text).map_err(|error| error.to_string())
        });
        if told.is_absent() { self.conventions.currency.into() } else { told }
    }

    /// Returns how many fields were read; equals the length of the record's field list at the end.
    pub const fn fields_read(&self) -> usize {
        self.next
    }

    fn take(&mut self) -> Option<&'v str> {
        let text = (self.values)(self.next);
        self.next += 1;
        text.map(str::trim).filter(|text| !text.is_empty())
    }

    fn parse<T>(
        &mut self,
        kind: UnreadableKind,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Field<T> {
        match self.take().map(parse) {
            None => Field::Absent,
            Some(Ok(value)) => Field::Value(value),
            Some(Err(reason)) => Field::unreadable(kind, reason),
        }
    }
}
