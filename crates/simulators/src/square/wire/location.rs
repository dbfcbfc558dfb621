//! Locations: the merchant's stores.

use crate::square::json::Json;
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;

/// Writes a location where a value stands.
pub(crate) fn location(json: &mut Json, merchant: &Merchant, number: u16) {
    let store = merchant.stores.store(number);
    let market = merchant.market;
    json.object(|json| {
        json.text("id", &merchant.ids.text(Kind::Location, u64::from(number)));
        json.text("name", &store.name);
        json.part("address", |json| {
            json.text("address_line_1", &format!("{} {}", store.house_number, store.name));
            json.text("locality", store.city.name);
            json.text("administrative_district_level_1", store.city.region);
            json.text("postal_code", store.city.postal_code);
            json.text("country", market.country);
        });
        json.text("timezone", store.city.time_zone);
        json.list("capabilities", ["CREDIT_CARD_PROCESSING"], Json::item);
        json.text("status", if store.is_active { "ACTIVE" } else { "INACTIVE" });
        // Older rows have no milliseconds.
        let created = store.created.to_string();
        json.text("created_at", &format!("{}Z", &created[..19]));
        json.text("merchant_id", &merchant.config.id);
        json.text("country", market.country);
        json.text("language_code", market.language);
        json.text("currency", market.currency);
        json.text("business_name", &merchant.config.business_name);
        json.text("type", "PHYSICAL");
    });
}
