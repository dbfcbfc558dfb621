//! A place that sells or holds stock.

use jiff::civil::Date;
use serde::Serialize;

use super::{FieldState, state};
use crate::values::{Currency, Field, FieldReader, FieldSpec, Moment, Text, ValueKind};

/// A store as its source told it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreDraft {
    /// The source's id of the store.
    pub external_id: Field<Text>,
    /// The store's name.
    pub name: Field<Text>,
    /// What kind of place it is, such as supermarket or warehouse.
    pub store_type: Field<Text>,
    /// The city it stands in.
    pub city: Field<Text>,
    /// The region or state it stands in.
    pub region: Field<Text>,
    /// The country it stands in, as ISO 3166 alpha-2 code.
    pub country: Field<Text>,
    /// The IANA time zone of its clock.
    pub time_zone: Field<Text>,
    /// The currency it sells in.
    pub currency: Field<Currency>,
    /// The day it opened.
    pub opened_on: Field<Date>,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Field<Moment>,
}

/// A store that passed the rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Store {
    /// The source's id of the store.
    pub external_id: Text,
    /// The store's name.
    pub name: Option<Text>,
    /// What kind of place it is, such as supermarket or warehouse.
    pub store_type: Option<Text>,
    /// The city it stands in.
    pub city: Option<Text>,
    /// The region or state it stands in.
    pub region: Option<Text>,
    /// The country it stands in, as ISO 3166 alpha-2 code.
    pub country: Option<Text>,
    /// The IANA time zone of its clock.
    pub time_zone: Option<Text>,
    /// The currency it sells in.
    pub currency: Option<Currency>,
    /// The day it opened.
    pub opened_on: Option<Date>,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Option<Moment>,
}

impl StoreDraft {
    /// The fields, in the order [`Self::read`] takes them.
    pub const FIELDS: &'static [FieldSpec] = &[
        FieldSpec {
            name: "external_id",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &[
                "external_id",
                "store_id",
                "store",
                "store_number",
                "location_id",
                "location",
                "id",
            ],
            meaning: "the source's id of the store",
        },
        FieldSpec {
            name: "name",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["name", "store_name", "location_name"],
            meaning: "the store's name",
        },
        FieldSpec {
            name: "store_type",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["store_type", "format", "type"],
            meaning: "what kind of place it is, such as supermarket or warehouse",
        },
        FieldSpec {
            name: "city",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["city", "town"],
            meaning: "the city it stands in",
        },
        FieldSpec {
            name: "region",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["region", "state", "province"],
            meaning: "the region or state it stands in",
        },
        FieldSpec {
            name: "country",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["country", "country_code"],
            meaning: "the country it stands in, as ISO 3166 alpha-2 code",
        },
        FieldSpec {
            name: "time_zone",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["time_zone", "timezone", "tz"],
            meaning: "the IANA time zone of its clock",
        },
        FieldSpec {
            name: "currency",
            kind: ValueKind::Currency,
            is_required: false,
            synonyms: &["currency", "currency_code"],
            meaning: "the currency it sells in",
        },
        FieldSpec {
            name: "opened_on",
            kind: ValueKind::Date,
            is_required: false,
            synonyms: &["opened_on", "opened", "opening_date"],
            meaning: "the day it opened",
        },
        FieldSpec {
            name: "updated_at",
            kind: ValueKind::Time,
            is_required: false,
            synonyms: &["updated_at", "modified_at", "last_modified", "version"],
            meaning: "when the source last changed it; a newer change replaces an older one",
        },
    ];

    /// Reads the fields one after the other.
    pub fn read<'v>(fields: &mut FieldReader<'_, impl Fn(usize) -> Option<&'v str>>) -> Self {
        let external_id = fields.text();
        let name = fields.text();
        let store_type = fields.text();
        let city = fields.text();
        let region = fields.text();
        let country = fields.text();
        let time_zone = fields.zone_name();
        let currency = fields.currency();
        let opened_on = fields.date();
        let updated_at = fields.time(None);
        Self {
            external_id,
            name,
            store_type,
            city,
            region,
            country,
            time_zone,
            currency,
            opened_on,
            updated_at,
        }
    }

    /// Summarises each field, in the order of [`Self::FIELDS`].
    pub fn states(&self) -> [FieldState<'_>; 10] {
        [
            state(&self.external_id),
            state(&self.name),
            state(&self.store_type),
            state(&self.city),
            state(&self.region),
            state(&self.country),
            state(&self.time_zone),
            state(&self.currency),
            state(&self.opened_on),
            state(&self.updated_at),
        ]
    }

    /// Turns the draft into a record; `None` when a required field has no value.
    pub fn accept(self) -> Option<Store> {
        Some(Store {
            external_id: self.external_id.into_value()?,
            name: self.name.into_value(),
            store_type: self.store_type.into_value(),
            city: self.city.into_value(),
            region: self.region.into_value(),
            country: self.country.into_value(),
            time_zone: self.time_zone.into_value(),
            currency: self.currency.into_value(),
            opened_on: self.opened_on.into_value(),
            updated_at: self.updated_at.into_value(),
        })
    }
}
