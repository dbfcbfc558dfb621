//! A company that delivers products.

use rust_decimal::Decimal;
use serde::Serialize;

use super::{FieldState, state};
use crate::values::{Field, FieldReader, FieldSpec, Moment, Text, ValueKind};

/// A supplier as its source told it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupplierDraft {
    /// The source's id of the supplier.
    pub external_id: Field<Text>,
    /// The supplier's name.
    pub name: Field<Text>,
    /// Where orders are sent.
    pub email: Field<Text>,
    /// The country it delivers from, as ISO 3166 alpha-2 code.
    pub country: Field<Text>,
    /// The days from order to delivery, as promised.
    pub lead_time_days: Field<Decimal>,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Field<Moment>,
}

/// A supplier that passed the rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Supplier {
    /// The source's id of the supplier.
    pub external_id: Text,
    /// The supplier's name.
    pub name: Option<Text>,
    /// Where orders are sent.
    pub email: Option<Text>,
    /// The country it delivers from, as ISO 3166 alpha-2 code.
    pub country: Option<Text>,
    /// The days from order to delivery, as promised.
    pub lead_time_days: Option<Decimal>,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Option<Moment>,
}

impl SupplierDraft {
    /// The fields, in the order [`Self::read`] takes them.
    pub const FIELDS: &'static [FieldSpec] = &[
        FieldSpec {
            name: "external_id",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &["external_id", "supplier_id", "supplier", "vendor_id", "id"],
            meaning: "the source's id of the supplier",
        },
        FieldSpec {
            name: "name",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["name", "supplier_name", "vendor_name"],
            meaning: "the supplier's name",
        },
        FieldSpec {
            name: "email",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["email", "contact_email"],
            meaning: "where orders are sent",
        },
        FieldSpec {
            name: "country",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["country", "country_code"],
            meaning: "the country it delivers from, as ISO 3166 alpha-2 code",
        },
        FieldSpec {
            name: "lead_time_days",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["lead_time_days", "lead_time"],
            meaning: "the days from order to delivery, as promised",
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
        let email = fields.text();
        let country = fields.text();
        let lead_time_days = fields.number();
        let updated_at = fields.time(None);
        Self { external_id, name, email, country, lead_time_days, updated_at }
    }

    /// Summarises each field, in the order of [`Self::FIELDS`].
    pub fn states(&self) -> [FieldState<'_>; 6] {
        [
            state(&self.external_id),
            state(&self.name),
            state(&self.email),
            state(&self.country),
            state(&self.lead_time_days),
            state(&self.updated_at),
        ]
    }

    /// Turns the draft into a record; `None` when a required field has no value.
    pub fn accept(self) -> Option<Supplier> {
        Some(Supplier {
            external_id: self.external_id.into_value()?,
            name: self.name.into_value(),
            email: self.email.into_value(),
            country: self.country.into_value(),
            lead_time_days: self.lead_time_days.into_value(),
            updated_at: self.updated_at.into_value(),
        })
    }
}
