//! Stock: counts, and how they came about.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use shelfops_simulators::square::{Force, ForcedReturn};

use super::client::{MERCHANT, Shop, quiet, small, text};

const COUNTS: &str = "/v2/inventory/counts/batch-retrieve";
const CHANGES: &str = "/v2/inventory/changes/batch-retrieve";

#[tokio::test]
async fn counts_come_newest_first_and_after_a_time_only() {
    let shop = Shop::open(quiet()).await;
    let all = shop.post_all(COUNTS, json!({ "limit": 7 }), "counts").await;
    assert!(all.len() > 50);
    shop.simulator.advance(Duration::from_secs(5)).await.unwrap();
    shop.sell("2", 500).await;
    let body = json!({ "updated_after": "2026-06-01T12:00:04.999Z" });
    let changed = shop.post_all(COUNTS, body, "counts").await;
    assert_eq!(changed.len(), 1);
    let body = json!({ "updated_after": "2026-06-01T12:00:05Z" });
    assert!(shop.post_all(COUNTS, body, "counts").await.is_empty());
    let again = shop.post_all(COUNTS, json!({ "limit": 1000 }), "counts").await;
    assert!(again.is_sorted_by(|left, right| text(left, "calculated_at") >= text(right, "calculated_at")));
    assert_eq!(again[0], changed[0]);
    assert_eq!(text(&changed[0], "state"), "IN_STOCK");
    let none = json!({ "states": ["WASTE"] });
    assert_eq!(shop.post(COUNTS, none).await.ok(), json!({}));
    for limit in [0, 1_001] {
        assert_eq!(shop.post(COUNTS, json!({ "limit": limit })).await.status, 400);
    }
}

#[tokio::test]
async fn a_pair_that_never_interacted_has_no_count() {
    let shop = Shop::open(small(1)).await;
    let untracked = shop.simulator.oracle(MERCHANT).await.unwrap();
    let variable = untracked.products.iter().find(|product| product.price.is_none());
    if let Some(variable) = variable {
        let body = json!({ "catalog_object_ids": [variable.variation_id] });
        assert_eq!(shop.post(COUNTS, body).await.ok(), json!({}));
    }
    let body = json!({ "catalog_object_ids": ["Vnothing"] });
    assert_eq!(shop.post(COUNTS, body).await.ok(), json!({}));
}

#[tokio::test]
async fn a_sale_and_its_return_are_changes_that_name_their_orders() {
    let shop = Shop::open(quiet()).await;
    let after = json!({ "updated_after": "2026-06-01T12:00:00.500Z" });
    shop.simulator.advance(Duration::from_secs(1)).await.unwrap();
    let order = shop.sell("2", 1_100).await;
    shop.simulator.advance(Duration::from_secs(1)).await.unwrap();
    let back = ForcedReturn {
        order_id: order.clone(),
        lines: vec![(0, "1".to_owned())],
        amount: None,
        instead: Vec::new(),
    };
    let returned = shop.force(Force::Return(back)).await.unwrap();
    let changes = shop.post_all(CHANGES, after.clone(), "changes").await;
    assert_eq!(changes.len(), 2, "{changes:?}");
    let (sold, back) = (&changes[0]["adjustment"], &changes[1]["adjustment"]);
    assert_eq!((text(sold, "from_state"), text(sold, "to_state")), ("IN_STOCK", "SOLD"));
    assert_eq!((text(back, "from_state"), text(back, "to_state")), ("SOLD", "IN_STOCK"));
    assert_eq!(text(sold, "transaction_id"), order);
    assert_eq!(text(back, "transaction_id"), returned);
    assert!(sold.get("location_id").is_none() && sold["from_location_id"].is_string());

    let url = format!("{}{CHANGES}", shop.simulator.url());
    let bearer = format!("Bearer {}", shop.token);
    let request = shop.client.post(url).header("authorization", bearer);
    let request = request.header("square-version", "2025-08-20").body(after.to_string());
    let old = super::client::Answer::of(request.send().await.unwrap()).await.ok();
    let adjustment = &old["changes"][0]["adjustment"];
    assert!(adjustment.get("from_location_id").is_none() && adjustment["location_id"].is_string());
}

#[tokio::test]
async fn all_changes_together_give_the_counts() {
    let mut config = small(12);
    config.merchants[0].habits.offline_per_mille = 40;
    let shop = Shop::open(config).await;
    let changes = shop.post_all(CHANGES, json!({ "limit": 900 }), "changes").await;
    let time = |change: &Value| {
        let inner = change.get("adjustment").or(change.get("physical_count")).unwrap();
        text(inner, "occurred_at").to_owned()
    };
    assert!(changes.is_sorted_by_key(time), "changes come in the order in which they happened");
    // Recorded order is what the vendor's counts follow: late sales count when they are heard of.
    let mut recorded: Vec<&Value> = changes
        .iter()
        .map(|change| change.get("adjustment").or(change.get("physical_count")).unwrap())
        .collect();
    recorded.sort_by_key(|inner| text(inner, "created_at").to_owned());
    let mut shelves: HashMap<(String, String), f64> = HashMap::new();
    for inner in recorded {
        let location = inner.get("location_id").or(inner.get("from_location_id")).unwrap();
        let shelf = (location.to_string(), text(inner, "catalog_object_id").to_owned());
        let quantity: f64 = text(inner, "quantity").parse().unwrap();
        let count = shelves.entry(shelf).or_default();
        match (
            inner.get("to_state").and_then(Value::as_str),
            inner.get("from_state").and_then(Value::as_str),
        ) {
            (None, _) => *count = quantity,
            (Some("IN_STOCK"), _) => *count += quantity,
            (_, Some("IN_STOCK")) => *count -= quantity,
            other => panic!("{other:?}"),
        }
    }
    let counts = shop.post_all(COUNTS, json!({ "limit": 1000 }), "counts").await;
    let mut differing = 0;
    for count in &counts {
        let shelf = (count["location_id"].to_string(), text(count, "catalog_object_id").to_owned());
        let quantity: f64 = text(count, "quantity").parse().unwrap();
        differing += usize::from((shelves[&shelf] - quantity).abs() > 0.000_1);
    }
    assert_eq!((differing, shelves.len()), (0, counts.len()));
}
