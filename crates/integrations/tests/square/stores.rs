//! Stores and suppliers: lists that are read anew each time.

use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_ingest::records::Draft;
use shelfops_integrations::connector::Connector as _;
use shelfops_integrations::square::Square;

use super::fixtures::{error, location};
use super::server::{Seen, json, status};
use super::shop::Shop;

#[tokio::test]
async fn a_store_has_its_clock_its_currency_and_its_place() {
    let mut closed = location("L2", "JPY");
    closed["status"] = json!("INACTIVE");
    closed["address"] = Value::Null;
    let shop = Shop::open(move |_: &Seen| {
        json(json!({ "locations": [location("LSHELF01", "USD"), closed] }))
    })
    .await;
    let read = shop.read(Stream::Stores).await;
    let Ok(Draft::Store(store)) = &read.drafts[0] else { panic!("{:?}", read.drafts) };
    assert_eq!(store.external_id.value().unwrap(), "LSHELF01");
    assert_eq!(store.name.value().unwrap(), "Harbour Street");
    assert_eq!(store.time_zone.value().unwrap(), "America/Los_Angeles");
    assert_eq!(store.currency.value().unwrap().code(), "USD");
    assert_eq!(store.city.value().unwrap(), "Portland");
    assert_eq!(store.region.value().unwrap(), "OR");
    assert_eq!(store.country.value().unwrap(), "US");
    assert_eq!(store.store_type.value().unwrap(), "physical");
    let Ok(Draft::Store(closed)) = &read.drafts[1] else { panic!("{:?}", read.drafts) };
    assert!(closed.city.is_absent(), "closed stores have history too");
    for (draft, raw) in read.drafts.iter().zip(&read.raw) {
        assert_eq!(Square.draft_from_raw(Stream::Stores, raw), *draft);
    }
    let again = shop.read_from(Stream::Stores, Some(read.cursor())).await;
    assert_eq!(again.drafts, read.drafts);
}

#[tokio::test]
async fn suppliers_come_in_pages_of_every_status() {
    let vendor = |id: &str| {
        json!({
            "id": id, "created_at": "2025-05-02T12:00:00.000Z", "version": 3, "status": "ACTIVE",
            "updated_at": "2026-08-14T08:30:12.000Z", "name": "Kiln & Co",
            "address": { "country": "DE" },
            "contacts": [{ "name": "A" }, { "email_address": "orders@kiln.example" }],
        })
    };
    let mut asked = 0;
    let shop = Shop::open(move |seen: &Seen| {
        asked += 1;
        match (asked, seen.body["cursor"].as_str()) {
            (2, Some(_)) => status(400, error("INVALID_REQUEST_ERROR", "INVALID_CURSOR")),
            (_, None) => json(json!({ "vendors": [vendor("V1")], "cursor": "2" })),
            _ => json(json!({ "vendors": [vendor("V2"), { "id": ["V3"] }] })),
        }
    })
    .await;
    let read = shop.read(Stream::Suppliers).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(read.drafts.len(), 4, "the first page twice: the second was forgotten");
    let Ok(Draft::Supplier(supplier)) = &read.drafts[0] else { panic!("{:?}", read.drafts) };
    assert_eq!(supplier.name.value().unwrap(), "Kiln & Co");
    assert_eq!(supplier.email.value().unwrap(), "orders@kiln.example");
    assert_eq!(supplier.country.value().unwrap(), "DE");
    assert_eq!(supplier.updated_at.value().unwrap().instant.to_string(), "2026-08-14T08:30:12Z");
    assert!(read.drafts[3].is_err());
    let filter = &shop.server.seen()[0].body["filter"];
    assert_eq!(*filter, json!({ "status": ["ACTIVE", "INACTIVE"] }));
    assert_eq!(read.state(), json!({}), "the next run begins anew");
}
