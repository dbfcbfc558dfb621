//! Vendors: those the merchant buys from.

use crate::square::json::Json;
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;

/// Writes a vendor where a value stands.
pub(crate) fn supplier(json: &mut Json, merchant: &Merchant, number: u16) {
    json.object(|json| fields(json, merchant, number));
}

/// Writes the fields of a vendor.
pub(crate) fn fields(json: &mut Json, merchant: &Merchant, number: u16) {
    let supplier = &merchant.suppliers[usize::from(number)];
    json.text("id", &merchant.ids.text(Kind::Vendor, u64::from(number)));
    json.moment("created_at", supplier.created);
    json.moment("updated_at", supplier.updated);
    json.text("name", &supplier.name);
    json.text("account_number", &supplier.account);
    json.whole("version", supplier.version);
    json.text("status", if supplier.is_active { "ACTIVE" } else { "INACTIVE" });
}
