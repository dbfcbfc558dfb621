//! A large merchant's day fits in memory, and is read page by page.

use std::time::{Duration, Instant};

use serde_json::json;
use shelfops_simulators::square::{MerchantConfig, SquareConfig};

use super::client::{MERCHANT, Shop};

/// What an order may take in memory at most, everything counted.
const MOST_BYTES: u64 = 260;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_orders_in_a_day_are_made_in_bounded_memory() {
    let merchant = MerchantConfig {
        store_count: 60,
        item_count: 300,
        orders_per_day: 1_250_000,
        history_days: 0,
        ..MerchantConfig::default()
    };
    let config =
        SquareConfig { merchants: vec![merchant], throttle: None, ..SquareConfig::default() };
    let shop = Shop::open(config).await;
    let started = Instant::now();
    // A Monday, which is quieter than the average day.
    shop.simulator.advance(Duration::from_secs(24 * 3_600)).await.unwrap();
    let made = started.elapsed();
    let totals = shop.simulator.totals(MERCHANT).await.unwrap();
    assert!(totals.order_count >= 1_000_000, "{totals:?}");
    let bytes = totals.memory_bytes / totals.order_count;
    assert!(bytes <= MOST_BYTES, "{bytes} bytes an order");

    let body = json!({
        "location_ids": shop.locations()[..10],
        "limit": 1000,
        "query": {
            "filter": { "date_time_filter": { "updated_at": { "start_at": "2026-01-01T00:00:00Z" } } },
            "sort": { "sort_field": "UPDATED_AT", "sort_order": "ASC" },
        },
    });
    let started = Instant::now();
    let mut body = body;
    let mut count = 0;
    for _ in 0..20 {
        let page = shop.post("/v2/orders/search", body.clone()).await.ok();
        count += page["orders"].as_array().map_or(0, Vec::len);
        body["cursor"] = page["cursor"].clone();
    }
    assert_eq!(count, 20_000);
    println!(
        "{} orders of {bytes} bytes in {made:.1?}; 20 pages of 1000 in {:.1?}",
        totals.order_count,
        started.elapsed()
    );
}
