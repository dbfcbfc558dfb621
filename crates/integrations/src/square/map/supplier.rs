//! A vendor as a supplier.

use serde_json::Value;
use shelfops_ingest::records::{Draft, SupplierDraft};

use super::field;
use crate::connector::Excerpt;
use crate::square::wire::Vendor;

/// A vendor is its own record.
pub(in crate::square) struct SupplierPart;

/// Reads a vendor; orders go to the first contact that has an address for mail.
pub(in crate::square) fn supplier_of(vendor: &Vendor) -> Draft {
    let email =
        vendor.contacts.iter().flatten().find_map(|contact| contact.email_address.as_deref());
    let country = vendor.address.as_ref().and_then(|address| address.country.as_deref());
    Draft::Supplier(Box::new(SupplierDraft {
        external_id: field::text(vendor.id.as_deref()),
        name: field::text(vendor.name.as_deref()),
        email: field::text(email),
        country: field::text(country),
        updated_at: field::moment(vendor.updated_at.as_deref()),
        ..SupplierDraft::default()
    }))
}

impl Excerpt for SupplierPart {
    fn of(&self, vendor: Value) -> Value {
        vendor
    }
}
