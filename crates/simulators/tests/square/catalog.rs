//! The catalog, and what changes in it.

use std::time::Duration;

use serde_json::{Value, json};
use shelfops_simulators::square::Force;

use super::client::{MERCHANT, Shop, quiet, text};

const TYPES: [&str; 6] =
    ["ITEM", "ITEM_VARIATION", "CATEGORY", "TAX", "DISCOUNT", "MEASUREMENT_UNIT"];

async fn changed(shop: &Shop, begin: &str) -> Vec<Value> {
    let body =
        json!({ "object_types": TYPES, "begin_time": begin, "include_deleted_objects": true });
    shop.post_all("/v2/catalog/search", body, "objects").await
}

#[tokio::test]
async fn the_list_has_a_hundred_a_page_and_nothing_deleted() {
    let mut config = quiet();
    config.merchants[0].item_count = 250;
    let shop = Shop::open(config).await;
    let first = shop.get("/v2/catalog/list?types=ITEM").await.ok();
    assert_eq!(first["objects"].as_array().map(Vec::len), Some(100));
    let all = shop.get_all("/v2/catalog/list?types=item", "objects").await;
    let item = all[0].clone();
    let deleted = Force::DeleteObject { object_id: text(&item, "id").to_owned() };
    shop.force(deleted).await;
    let left = shop.get_all("/v2/catalog/list?types=ITEM", "objects").await;
    assert_eq!(left.len(), all.len() - 1);
    let by_default = shop.get_all("/v2/catalog/list", "objects").await;
    assert!(by_default.iter().all(|object| text(object, "type") != "ITEM_VARIATION"));
    assert_eq!(shop.get("/v2/catalog/list?types=SHOE").await.error().2, "INVALID_VALUE");
}

#[tokio::test]
async fn a_search_finds_what_changed_after_a_time_and_not_at_it() {
    let shop = Shop::open(quiet()).await;
    let before = shop.post("/v2/catalog/search", json!({ "object_types": TYPES })).await.ok();
    let latest = text(&before, "latest_time").to_owned();
    assert!(changed(&shop, &latest).await.is_empty(), "the time itself is not included");

    shop.simulator.advance(Duration::from_secs(10)).await.unwrap();
    let product = shop.simulator.oracle(MERCHANT).await.unwrap().products[0].clone();
    let price = Force::SetPrice {
        variation_id: product.variation_id.clone(),
        location_id: None,
        amount: 4_321,
    };
    shop.force(price).await;
    let found = changed(&shop, &latest).await;
    assert_eq!(found.len(), 1);
    assert_eq!(text(&found[0], "id"), product.variation_id);
    let price = &found[0]["item_variation_data"]["price_money"];
    assert_eq!(*price, json!({ "amount": 4_321, "currency": "USD" }));
    let updated = text(&found[0], "updated_at").to_owned();
    assert_eq!(updated, "2026-06-01T12:00:10.000Z");
    assert!(changed(&shop, &updated).await.is_empty());
    assert_eq!(changed(&shop, "2026-06-01T12:00:09.999Z").await.len(), 1);
    let after = shop.post("/v2/catalog/search", json!({})).await.ok();
    assert_eq!(text(&after, "latest_time"), updated);
}

#[tokio::test]
async fn deleted_objects_are_stubs_and_only_there_when_asked_for() {
    let shop = Shop::open(quiet()).await;
    let latest = shop.post("/v2/catalog/search", json!({})).await.ok();
    let latest = text(&latest, "latest_time").to_owned();
    shop.simulator.advance(Duration::from_secs(10)).await.unwrap();
    let product = shop.simulator.oracle(MERCHANT).await.unwrap().products[0].clone();
    shop.force(Force::DeleteObject { object_id: product.item_id.clone() }).await;
    let found = changed(&shop, &latest).await;
    let item = found.iter().find(|object| text(object, "id") == product.item_id).unwrap();
    assert_eq!((&item["is_deleted"], item.get("item_data")), (&json!(true), None));
    assert!(found.iter().any(|object| text(object, "id") == product.variation_id));
    let body = json!({ "object_types": TYPES, "begin_time": latest });
    assert_eq!(shop.post("/v2/catalog/search", body).await.ok().get("objects"), None);

    let ids = json!([product.item_id, product.variation_id, "Inothing"]);
    let body = json!({ "object_ids": ids });
    let answer = shop.post("/v2/catalog/batch-retrieve", body).await.ok();
    assert_eq!(answer, json!({}));
    let body = json!({ "object_ids": ids, "include_deleted_objects": true });
    let answer = shop.post("/v2/catalog/batch-retrieve", body).await.ok();
    assert_eq!(answer["objects"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn items_nest_their_variations_and_name_what_they_belong_to() {
    let shop = Shop::open(quiet()).await;
    let body = json!({ "object_types": ["ITEM"], "include_related_objects": true, "limit": 1000 });
    let answer = shop.post("/v2/catalog/search", body).await.ok();
    let related: Vec<&str> =
        answer["related_objects"].as_array().unwrap().iter().map(|each| text(each, "id")).collect();
    for item in answer["objects"].as_array().unwrap() {
        let data = &item["item_data"];
        assert!(related.contains(&text(&data["categories"][0], "id")));
        for variation in data["variations"].as_array().unwrap() {
            assert_eq!(text(&variation["item_variation_data"], "item_id"), text(item, "id"));
            let version = variation["version"].as_i64().unwrap();
            assert!(version > 1_600_000_000_000, "{version}");
        }
    }
    let answer = shop.post("/v2/catalog/search", json!({ "query": { "prefix_query": {} } })).await;
    assert_eq!(answer.error().2, "NOT_IMPLEMENTED");
    let many: Vec<&str> = std::iter::repeat_n("I", 1_001).collect();
    let answer = shop.post("/v2/catalog/batch-retrieve", json!({ "object_ids": many })).await;
    assert_eq!(answer.error().2, "ARRAY_LENGTH_TOO_LONG");
}

#[tokio::test]
async fn a_store_can_have_its_own_price() {
    let shop = Shop::open(quiet()).await;
    let sale = shop.sale("1", 1).await;
    let variation_id = sale.lines[0].variation_id.clone().unwrap();
    let location_id = shop.locations()[0].clone();
    let price = Force::SetPrice {
        variation_id: variation_id.clone(),
        location_id: Some(location_id.clone()),
        amount: 777,
    };
    shop.force(price).await;
    let body = json!({ "object_ids": [variation_id] });
    let answer = shop.post("/v2/catalog/batch-retrieve", body).await.ok();
    let overrides = answer["objects"][0]["item_variation_data"]["location_overrides"].clone();
    let own =
        overrides.as_array().unwrap().iter().find(|each| text(each, "location_id") == location_id);
    assert_eq!(own.unwrap()["price_money"]["amount"], 777);
    let mut sale = sale;
    sale.lines[0].unit_price = None;
    let order = shop.force(Force::Sale(sale)).await.unwrap();
    assert_eq!(shop.order(&order).await["line_items"][0]["base_price_money"]["amount"], 777);
}
