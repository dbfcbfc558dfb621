//! A location as a store.

use serde_json::Value;
use shelfops_ingest::records::{Draft, StoreDraft};
use shelfops_ingest::values::Field;

use super::field;
use crate::connector::Excerpt;
use crate::square::wire::{Address, Location};

/// A location is its own record.
pub(in crate::square) struct StorePart;

/// Reads a location. Closed ones are read too: their sales are history.
pub(in crate::square) fn store_of(location: &Location) -> Draft {
    let of_address = |part: fn(&Address) -> Option<&str>| location.address.as_ref().and_then(part);
    let kind = location.kind.as_ref().map(|kind| kind.to_ascii_lowercase());
    let country = location.country.as_deref().or_else(|| of_address(|at| at.country.as_deref()));
    Draft::Store(Box::new(StoreDraft {
        external_id: field::text(location.id.as_deref()),
        name: field::text(location.name.as_deref()),
        store_type: field::text(kind.as_deref()),
        city: field::text(of_address(|at| at.locality.as_deref())),
        region: field::text(of_address(|at| at.administrative_district_level_1.as_deref())),
        country: field::text(country),
        time_zone: field::text(location.timezone.as_deref()),
        currency: field::currency(location.currency.as_deref()),
        // When the tenant entered it is not when it opened, and there is no time of its last change.
        opened_on: Field::Absent,
        updated_at: Field::Absent,
    }))
}

impl Excerpt for StorePart {
    fn of(&self, location: Value) -> Value {
        location
    }
}
