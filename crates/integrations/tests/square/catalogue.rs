//! The catalogue: variations as products, and changes since the vendor's own time.

use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_ingest::records::{Draft, ProductDraft};
use shelfops_integrations::connector::{Connector as _, Disposition};
use shelfops_integrations::square::Square;

use super::fixtures::{error, money};
use super::server::{Answer, Seen, json, status};
use super::shop::{Read, Shop};

const SEARCH: &str = "/v2/catalog/search";
const RETRIEVE: &str = "/v2/catalog/batch-retrieve";
const LATEST: &str = "2026-11-18T10:00:00.001Z";

fn variation(id: &str, name: &str) -> Value {
    json!({
        "type": "ITEM_VARIATION", "id": id, "updated_at": "2026-11-18T09:12:44.117Z",
        "version": 1_763_457_164_117_i64, "is_deleted": false, "present_at_all_locations": true,
        "item_variation_data": {
            "item_id": "ITMMUG000001", "name": name, "sku": "MUG-BLU", "upc": "012345678905",
            "pricing_type": "FIXED_PRICING", "price_money": money(1200),
            "measurement_unit_id": "UNITKG000001", "track_inventory": true,
        },
    })
}

fn item(variations: &[Value]) -> Value {
    json!({
        "type": "ITEM", "id": "ITMMUG000001", "updated_at": "2026-11-18T09:30:00Z",
        "version": 1_763_457_164_117_i64, "is_deleted": false,
        "item_data": {
            "name": "Stoneware mug", "product_type": "REGULAR", "variations": variations,
            "categories": [{ "id": "CATOTHER0001", "ordinal": 0 }],
            "reporting_category": { "id": "CATKITCHEN01", "ordinal": 0 },
        },
    })
}

fn referred(seen: &Seen) -> Answer {
    let known = [
        item(&[]),
        json!({ "type": "CATEGORY", "id": "CATKITCHEN01", "category_data": { "name": "Kitchen" } }),
        json!({
            "type": "MEASUREMENT_UNIT", "id": "UNITKG000001",
            "measurement_unit_data": {
                "measurement_unit": { "weight_unit": "METRIC_KILOGRAM", "type": "TYPE_WEIGHT" },
                "precision": 3,
            },
        }),
    ];
    let wanted = seen.body["object_ids"].as_array().unwrap();
    json(
        json!({ "objects": known.into_iter().filter(|object| wanted.contains(&object["id"])).collect::<Vec<_>>() }),
    )
}

/// Answers searches with these objects on one page.
fn catalogue(objects: Vec<Value>) -> impl FnMut(&Seen) -> Answer + Send {
    move |seen| match seen.path() {
        SEARCH => json(json!({ "objects": objects, "latest_time": LATEST })),
        RETRIEVE => referred(seen),
        other => status(404, error("INVALID_REQUEST_ERROR", other)),
    }
}

fn products(read: &Read) -> Vec<&ProductDraft> {
    let product = |draft| match draft {
        &Ok(Draft::Product(ref product)) => &**product,
        other => panic!("no product: {other:?}"),
    };
    read.drafts.iter().map(product).collect()
}

fn ids(read: &Read) -> Vec<String> {
    products(read).iter().map(|product| product.external_id.value().unwrap().to_string()).collect()
}

const STAND_INS: [&str; 4] = ["custom-amount", "gift-card", "service-charge", "refund-by-amount"];

#[tokio::test]
async fn a_variation_is_a_product_named_after_its_item() {
    let shop = Shop::open(catalogue(vec![item(&[
        variation("VARMUGBLUE01", "Blue"),
        variation("VARMUGPLAIN1", "Regular"),
    ])]))
    .await;
    let read = shop.read(Stream::Products).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(ids(&read)[..4], STAND_INS);
    let products = products(&read);
    let [blue, plain] = products[4..] else { panic!() };
    assert_eq!(blue.name.value().unwrap(), "Stoneware mug - Blue");
    assert_eq!(plain.name.value().unwrap(), "Stoneware mug");
    assert_eq!(blue.sku.value().unwrap(), "MUG-BLU");
    assert_eq!(blue.barcode.value().unwrap(), "012345678905");
    assert_eq!(blue.category.value().unwrap(), "Kitchen");
    assert_eq!(blue.unit_of_measure.value().unwrap(), "metric_kilogram");
    assert_eq!(blue.unit_price.value().unwrap().to_string(), "12.00");
    assert_eq!(blue.currency.value().unwrap().code(), "USD");
    // The name is the item's: its change is the product's.
    assert_eq!(blue.updated_at.value().unwrap().instant.to_string(), "2026-11-18T09:30:00Z");
    for (draft, raw) in read.drafts.iter().zip(&read.raw) {
        assert_eq!(Square.draft_from_raw(Stream::Products, raw), *draft, "{raw}");
    }
}

#[tokio::test]
async fn the_next_run_asks_from_before_the_vendors_time_since_equal_times_are_left_out() {
    let shop = Shop::open(catalogue(vec![item(&[variation("V1", "Blue")])])).await;
    let first = shop.read(Stream::Products).await;
    assert_eq!(first.state(), json!({ "read_up_to": LATEST, "full_at": LATEST }));
    assert_eq!(shop.server.seen_at(SEARCH)[0].body["begin_time"], Value::Null);
    let second = shop.read_from(Stream::Products, Some(first.cursor())).await;
    let asked = &shop.server.seen_at(SEARCH)[1].body;
    assert_eq!(asked["begin_time"], "2026-11-18T09:00:00.001Z");
    assert_eq!(asked["include_deleted_objects"], true);
    assert_eq!(ids(&second), ["V1"], "what stands in is told once");
}

#[tokio::test]
async fn even_without_an_overlap_a_change_at_the_same_time_is_seen() {
    let reading = shelfops_integrations::connector::ReadingOptions {
        overlap: jiff::SignedDuration::ZERO,
        ..Default::default()
    };
    let policy = shelfops_integrations::http::Policy::default();
    let tokens = super::shop::tokens(30);
    let shop = Shop::open_with(policy, reading, tokens, catalogue(Vec::new())).await;
    let first = shop.read(Stream::Products).await;
    shop.read_from(Stream::Products, Some(first.cursor())).await;
    assert_eq!(shop.server.seen_at(SEARCH)[1].body["begin_time"], "2026-11-18T10:00:00Z");
}

#[tokio::test]
async fn what_was_deleted_keeps_what_is_known_of_it() {
    let stub =
        json!({ "type": "ITEM", "id": "ITMOLD000009", "updated_at": LATEST, "is_deleted": true });
    let mut gone = variation("VGONE", "Red");
    gone["is_deleted"] = json!(true);
    let lone =
        json!({ "type": "ITEM_VARIATION", "id": "VOLD", "updated_at": LATEST, "is_deleted": true });
    let shop = Shop::open(catalogue(vec![stub, lone, item(&[gone])])).await;
    let read = shop.read(Stream::Products).await;
    assert_eq!(ids(&read), STAND_INS);
}

#[tokio::test]
async fn a_variation_that_changed_alone_is_told_by_its_item_all_the_same() {
    let shop = Shop::open(catalogue(vec![variation("VALONE", "Blue")])).await;
    let read = shop.read(Stream::Products).await;
    let products = products(&read);
    let alone = products.last().unwrap();
    assert_eq!(alone.name.value().unwrap(), "Stoneware mug - Blue");
    assert_eq!(alone.category.value().unwrap(), "Kitchen");
    let raw = read.raw.last().unwrap();
    assert_eq!(Square.draft_from_raw(Stream::Products, raw), *read.drafts.last().unwrap());
}

#[tokio::test]
async fn a_variation_whose_item_is_not_told_clears_nothing() {
    let mut orphan = variation("VORPHAN", "Blue");
    orphan["item_variation_data"]["item_id"] = json!("ITMELSEWHERE");
    let shop = Shop::open(catalogue(vec![orphan])).await;
    let read = shop.read(Stream::Products).await;
    let (draft, raw) = (read.drafts.last().unwrap(), read.raw.last().unwrap());
    assert_eq!(draft.as_ref().unwrap_err().reason, "its item was not told");
    assert_eq!(Square.draft_from_raw(Stream::Products, raw), *draft);
}

#[tokio::test]
async fn an_item_that_tells_nothing_of_itself_is_refused_and_clears_nothing() {
    let mut bare = item(&[]);
    bare.as_object_mut().unwrap().remove("item_data");
    let shop = Shop::open(catalogue(vec![bare.clone()])).await;
    let read = shop.read(Stream::Products).await;
    let (draft, raw) = (read.drafts.last().unwrap(), read.raw.last().unwrap());
    assert_eq!(draft.as_ref().unwrap_err().reason, "it has no item_data");
    assert_eq!(Square.draft_from_raw(Stream::Products, raw), *draft);
    // What belongs to it is told by itself, and the item when it is asked for tells nothing either.
    let mut search = catalogue(vec![variation("VARMUGBLUE01", "Blue")]);
    let shop = Shop::open(move |seen: &Seen| match seen.path() {
        RETRIEVE => json(json!({ "objects": [bare] })),
        _ => search(seen),
    })
    .await;
    let read = shop.read(Stream::Products).await;
    let refused = read.drafts.last().unwrap().as_ref().unwrap_err();
    assert_eq!(refused.reason, "its item was not told");
}

#[tokio::test]
async fn a_variation_on_a_page_with_its_item_is_one_product() {
    let blue = variation("VARMUGBLUE01", "Blue");
    let shop = Shop::open(catalogue(vec![item(std::slice::from_ref(&blue)), blue])).await;
    assert_eq!(ids(&shop.read(Stream::Products).await)[4..], ["VARMUGBLUE01"]);
}

#[tokio::test]
async fn a_price_that_varies_is_no_price_and_an_unknown_kind_is_refused() {
    let mut varies = variation("V1", "Blue");
    varies["item_variation_data"]["pricing_type"] = json!("VARIABLE_PRICING");
    let mut unknown = variation("V2", "Blue");
    unknown["item_variation_data"]["pricing_type"] = json!("AUCTION");
    let mut without_sku = variation("V3", "Blue");
    without_sku["item_variation_data"]["sku"] = Value::Null;
    let shop = Shop::open(catalogue(vec![item(&[varies, unknown, without_sku])])).await;
    let read = shop.read(Stream::Products).await;
    let Ok(Draft::Product(varies)) = &read.drafts[4] else { panic!() };
    assert!(varies.unit_price.is_absent() && varies.currency.is_absent());
    assert!(read.drafts[5].as_ref().unwrap_err().reason.contains("pricing_type"));
    let Ok(Draft::Product(without_sku)) = &read.drafts[6] else { panic!() };
    assert!(without_sku.sku.is_absent());
}

#[tokio::test]
async fn names_are_asked_for_once_and_unknown_ones_not_again() {
    let mut pages = 0;
    let shop = Shop::open(move |seen| match seen.path() {
        SEARCH => {
            pages += 1;
            let cursor = (pages < 3).then(|| pages.to_string());
            let objects = [item(&[variation(&format!("V{pages}"), "Blue")])];
            json(json!({ "objects": objects, "cursor": cursor, "latest_time": LATEST }))
        }
        _ => json(json!({})),
    })
    .await;
    let read = shop.read(Stream::Products).await;
    assert_eq!(ids(&read)[4..], ["V1", "V2", "V3"]);
    assert_eq!(shop.server.seen_at(RETRIEVE).len(), 1);
}

#[tokio::test]
async fn the_time_of_the_first_page_counts_and_a_forgotten_page_begins_anew() {
    let mut asked = 0;
    let shop = Shop::open(move |seen| match seen.path() {
        SEARCH => {
            asked += 1;
            match (asked, seen.body["cursor"].is_null()) {
                (2, false) => status(400, error("INVALID_REQUEST_ERROR", "INVALID_CURSOR")),
                (_, true) => json(json!({ "objects": [item(&[variation("V1", "Blue")])], "cursor": "2", "latest_time": LATEST })),
                (_, false) => json(json!({ "latest_time": "2026-11-19T00:00:00Z" })),
            }
        }
        _ => referred(seen),
    })
    .await;
    let read = shop.read(Stream::Products).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(read.state(), json!({ "read_up_to": LATEST, "full_at": LATEST }));
    let resumed = shop.read_from(Stream::Products, Some(read.cursors[0].1.clone())).await;
    assert_eq!(resumed.state(), read.state());
}

#[tokio::test]
async fn a_span_of_time_is_no_way_to_read_a_catalogue() {
    let shop = Shop::open(catalogue(Vec::new())).await;
    let at: jiff::Timestamp = LATEST.parse().unwrap();
    let span = Some(shelfops_integrations::connector::Span { from: at, until: at });
    let request = shelfops_integrations::connector::OpenRequest {
        stream: Stream::Products,
        cursor: None,
        span,
        reach: shelfops_integrations::connector::Reach::Whole,
    };
    let error = Square.open(shop.connection, request).err().unwrap();
    assert_eq!(error.disposition(), Disposition::Stop);
}

#[tokio::test]
async fn a_category_that_is_renamed_reaches_its_products_within_a_week() {
    let mut asked = 0;
    let shop = Shop::open(move |seen: &Seen| match seen.path() {
        SEARCH => {
            asked += 1;
            // Weeks go by at the vendor; nothing that is sold has changed.
            let latest = ["2026-11-01T10:00:00Z", "2026-11-05T10:00:00Z", "2026-11-09T10:00:00Z"];
            let is_full = seen.body["begin_time"].is_null();
            let objects = if is_full { vec![item(&[variation("V1", "Blue")])] } else { Vec::new() };
            json(json!({ "objects": objects, "latest_time": latest[(asked - 1).min(2)] }))
        }
        _ => {
            let name = if asked > 3 { "Cups" } else { "Mugs" };
            let category = json!({ "type": "CATEGORY", "id": "CATKITCHEN01",
                "category_data": { "name": name } });
            json(json!({ "objects": [category] }))
        }
    })
    .await;
    let mut read = shop.read(Stream::Products).await;
    let mut full = Vec::new();
    for _ in 0..3 {
        read = shop.read_from(Stream::Products, Some(read.cursor())).await;
        assert!(read.error.is_none(), "{:?}", read.error);
        full.push(!read.drafts.is_empty());
    }
    assert_eq!(full, [false, false, true]);
    let named = read.drafts.iter().filter_map(|draft| match draft {
        Ok(Draft::Product(product)) => product.category.value().map(ToString::to_string),
        _ => None,
    });
    assert_eq!(named.collect::<Vec<_>>(), ["Cups"]);
}
