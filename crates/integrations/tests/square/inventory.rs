//! Inventory counts: what is on the shelf, and where counting goes on.

use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_ingest::records::Draft;
use shelfops_integrations::connector::Connector as _;
use shelfops_integrations::square::Square;

use super::fixtures::error;
use super::server::{Answer, Seen, json, status};
use super::shop::{Read, Shop};

const COUNTS: &str = "/v2/inventory/counts/batch-retrieve";

fn count(variation: &str, quantity: Value) -> Value {
    json!({
        "catalog_object_id": variation, "catalog_object_type": "ITEM_VARIATION",
        "state": "IN_STOCK", "location_id": "LSHELF01", "quantity": quantity,
        "calculated_at": "2026-11-21T19:30:03.210Z",
    })
}

fn with(mut count: Value, name: &str, value: &str) -> Value {
    count[name] = json!(value);
    count
}

async fn read(counts: Vec<Value>) -> (Shop, Read) {
    let shop = Shop::open(move |_: &Seen| json(json!({ "counts": counts }))).await;
    let read = shop.read(Stream::Inventory).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    (shop, read)
}

#[tokio::test]
async fn a_count_is_exact_and_may_be_negative() {
    let (_, read) =
        read(vec![count("V1", json!("23")), count("V2", json!("-1.25")), count("V3", json!("0"))])
            .await;
    let quantities = read.drafts.iter().map(|draft| match draft {
        Ok(Draft::InventoryLevel(level)) => level.quantity_on_hand.value().unwrap().to_string(),
        other => panic!("{other:?}"),
    });
    assert_eq!(quantities.collect::<Vec<_>>(), ["23", "-1.25", "0"]);
    let Ok(Draft::InventoryLevel(level)) = &read.drafts[0] else { panic!() };
    assert_eq!(level.product.value().unwrap(), "V1");
    assert_eq!(level.counted_at.value().unwrap().instant.to_string(), "2026-11-21T19:30:03.21Z");
    for (draft, raw) in read.drafts.iter().zip(&read.raw) {
        assert_eq!(Square.draft_from_raw(Stream::Inventory, raw), *draft);
    }
}

#[tokio::test]
async fn goods_elsewhere_are_not_on_the_shelf_and_unknown_states_are_quarantined() {
    let (_, read) = read(vec![
        with(count("V1", json!("1")), "state", "WASTE"),
        with(count("V2", json!("1")), "state", "UNTRACKED"),
        with(count("V3", json!("1")), "state", "LENT_OUT"),
        with(count("V4", json!("1")), "catalog_object_type", "ITEM"),
        count("V5", json!(7)),
    ])
    .await;
    let reasons: Vec<&str> =
        read.drafts.iter().map(|draft| draft.as_ref().unwrap_err().reason.as_str()).collect();
    assert_eq!(reasons.len(), 3);
    assert!(reasons[0].contains("state") && reasons[1].contains("ITEM_VARIATION"));
    assert!(reasons[2].contains("not what is documented"), "{reasons:?}");
}

#[tokio::test]
async fn the_next_run_asks_from_the_newest_count() {
    let older = with(count("V2", json!("1")), "calculated_at", "2026-11-01T00:00:00Z");
    let (shop, read) = read(vec![count("V1", json!("1")), older]).await;
    assert_eq!(
        shop.server.seen_at(COUNTS)[0].body,
        json!({ "states": ["IN_STOCK"], "limit": 500 })
    );
    shop.read_from(Stream::Inventory, Some(read.cursor())).await;
    let after = &shop.server.seen_at(COUNTS)[1].body["updated_after"];
    assert_eq!(after, "2026-11-21T18:30:03.21Z");
}

#[tokio::test]
async fn stock_that_begins_to_be_counted_is_seen_within_a_week() {
    let newer = with(count("V1", json!("2")), "calculated_at", "2026-11-29T19:30:03.210Z");
    // Counted before, and kept from us until the catalogue said that it is.
    let begun = with(count("V2", json!("5")), "calculated_at", "2026-11-10T00:00:00Z");
    let shop = Shop::open(move |seen: &Seen| match seen.body["updated_after"].as_str() {
        Some(_) => json(json!({ "counts": [newer] })),
        None => json(json!({ "counts": [count("V1", json!("1")), begun] })),
    })
    .await;
    let first = shop.read(Stream::Inventory).await;
    let week_later = shop.read_from(Stream::Inventory, Some(first.cursor())).await;
    assert_eq!(week_later.drafts.len(), 1, "what has changed");
    let all = shop.read_from(Stream::Inventory, Some(week_later.cursor())).await;
    assert_eq!(all.drafts.len(), 2);
    assert_eq!(shop.server.seen_at(COUNTS)[2].body["updated_after"], Value::Null);
}

#[tokio::test]
async fn nothing_is_settled_before_the_last_page() {
    let shop = Shop::open(move |seen: &Seen| match seen.body["cursor"].as_str() {
        None => json(json!({ "counts": [count("V1", json!("1"))], "cursor": "2" })),
        Some("2") => json(json!({ "counts": [with(count("V2", json!("1")), "calculated_at", "2026-11-01T00:00:00Z")] })),
        Some(_) => unreachable!(),
    })
    .await;
    let read = shop.read(Stream::Inventory).await;
    let first = read.cursors[0].1.state().clone();
    assert_eq!(first["read_up_to"], Value::Null, "newest come first: {first}");
    assert_eq!(read.state()["read_up_to"], "2026-11-21T19:30:03.21Z");
    let resumed = shop.read_from(Stream::Inventory, Some(read.cursors[0].1.clone())).await;
    assert_eq!((resumed.cursors[0].0, resumed.state()), (1, read.state()));
    let again = &shop.server.seen_at(COUNTS)[3].body;
    assert_eq!(again["cursor"], Value::Null, "what was counted since is read behind it");
    assert_eq!(again["updated_after"], "2026-11-21T18:30:03.21Z");
}

#[tokio::test]
async fn a_forgotten_page_begins_anew() {
    let mut asked = 0;
    let shop = Shop::open(move |seen: &Seen| {
        asked += 1;
        match (asked, seen.body["cursor"].as_str()) {
            (2, Some(_)) => status(400, error("INVALID_REQUEST_ERROR", "INVALID_CURSOR")),
            (_, None) => json(json!({ "counts": [count("V1", json!("1"))], "cursor": "2" })),
            _ => json(json!({ "counts": [count("V2", json!("1"))] })),
        }
    })
    .await;
    let read = shop.read(Stream::Inventory).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(read.drafts.len(), 3);
}

#[tokio::test]
async fn no_counts_at_all_are_no_news() {
    let shop = Shop::open(|_: &Seen| -> Answer { json(json!({})) }).await;
    let read = shop.read(Stream::Inventory).await;
    assert_eq!((read.drafts.len(), read.cursors.len(), read.state()), (0, 1, json!({})));
}
