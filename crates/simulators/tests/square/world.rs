//! The world trades by itself, the same way every time.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Value, json};
use shelfops_simulators::square::{Moment, Oracle, Rush, Simulator, SquareConfig};

use super::client::{MERCHANT, Shop, small, text};

const DAY: u64 = 86_400;

async fn after(config: SquareConfig, steps: &[u64]) -> Oracle {
    let simulator = Simulator::start(config).await.unwrap();
    for seconds in steps {
        simulator.advance(Duration::from_secs(*seconds)).await.unwrap();
    }
    simulator.oracle(MERCHANT).await.unwrap()
}

#[tokio::test]
async fn the_same_seed_makes_the_same_world_in_one_leap_or_in_many_steps() {
    let leap = after(small(3), &[3 * DAY]).await;
    let steps: Vec<u64> = std::iter::repeat_n(1_800, 3 * 48).collect();
    let walk = after(small(3), &steps).await;
    assert_eq!(leap.lines, walk.lines);
    assert_eq!(leap.inventory, walk.inventory);
    assert_eq!(leap.products, walk.products);
    let other = after(SquareConfig { seed: 2, ..small(3) }, &[3 * DAY]).await;
    assert_ne!(leap.lines, other.lines);
}

#[tokio::test]
async fn a_simulation_that_starts_later_goes_on_with_the_same_world() {
    let mut config = small(9);
    let rush = Rush { since: config.start, orders_per_hour: 90 };
    config.merchants[0].rush = Some(rush);
    let since = Moment::from_millis(config.start.millis() - 9 * DAY as i64 * 1_000);
    let mut later = config.clone();
    later.start = Moment::from_millis(config.start.millis() + 2 * DAY as i64 * 1_000);
    later.merchants[0].trading_since = Some(since);
    let went_on = after(config.clone(), &[2 * DAY]).await;
    let anew = after(later, &[]).await;
    assert_eq!(went_on.lines, anew.lines);
    assert_eq!(went_on.inventory, anew.inventory);
    // The rush never closes, and has no past.
    let per_hour = |from: i64| {
        let from = config.start.millis() + from * 3_600_000;
        let orders: HashSet<&str> = anew
            .lines
            .iter()
            .filter(|line| (from..from + 3_600_000).contains(&line.created_at.millis()))
            .map(|line| &*line.order_id)
            .collect();
        orders.len()
    };
    let busy: Vec<usize> = (0..24).map(per_hour).collect();
    assert!(busy.iter().all(|count| *count >= 60), "{busy:?}");
    let calm: Vec<usize> = (-24..0).map(per_hour).collect();
    assert!(calm.iter().any(|count| *count < 5), "{calm:?}");
}

#[tokio::test]
async fn trade_is_as_various_as_real_trade() {
    let shop = Shop::open(small(60)).await;
    let orders = shop.all_orders().await;
    assert!((6_000..9_500).contains(&orders.len()), "{}", orders.len());
    let count = |test: &dyn Fn(&Value) -> bool| orders.iter().filter(|order| test(order)).count();
    for state in ["OPEN", "COMPLETED", "CANCELED", "DRAFT"] {
        assert!(count(&|order| text(order, "state") == state) > 0, "{state}");
    }
    let source = |order: &Value, name: &str| text(&order["source"], "name") == name;
    assert!(count(&|order| source(order, "Square Online")) > 100);
    assert!(count(&|order| order.get("returns").is_some()) > 100);
    assert!(
        count(&|order| order.get("returns").is_some() && order.get("line_items").is_some()) > 5
    );
    let unlinked = |order: &Value| {
        order.get("returns").is_some() && order["returns"][0].get("source_order_id").is_none()
    };
    assert!(count(&unlinked) > 5);
    assert!(count(&|order| order.get("discounts").is_some()) > 300);
    let changed_later = |order: &Value| {
        let closed = order["closed_at"].as_str();
        closed.is_some_and(|closed| text(order, "updated_at") > closed)
    };
    assert!(count(&changed_later) > 50);
    let weighed = |order: &Value| {
        let lines = order["line_items"].as_array().cloned().unwrap_or_default();
        lines.iter().any(|line| text(line, "quantity").contains('.'))
    };
    assert!(count(&weighed) > 100);
    let oracle = shop.simulator.oracle(MERCHANT).await.unwrap();
    let empty = oracle.inventory.iter().filter(|level| level.quantity == "0").count();
    assert!(empty < oracle.inventory.len() / 4, "{empty} shelves are empty");
    assert!(oracle.products.iter().any(|product| product.is_deleted));
}

#[tokio::test]
async fn offline_sales_arrive_up_to_three_days_late_and_never_later() {
    let mut config = small(14);
    config.merchants[0].habits.offline_per_mille = 200;
    let shop = Shop::open(config).await;
    let millis = |order: &Value, field: &str| Moment::parse(text(order, field)).unwrap().millis();
    let mut latest = 0;
    for order in shop.all_orders().await {
        let is_plain = order.get("returns").is_none() && order["version"] == 4;
        if text(&order, "state") == "COMPLETED" && is_plain {
            latest = latest.max(millis(&order, "updated_at") - millis(&order, "closed_at"));
        }
    }
    let hour = 3_600_000;
    assert!((48 * hour..72 * hour).contains(&latest), "{} hours", latest / hour);
}

#[tokio::test]
async fn time_of_update_only_grows_in_the_order_in_which_the_vendor_hears() {
    let shop = Shop::open(small(5)).await;
    let mut newest = String::new();
    let mut versions: HashMap<String, i64> = HashMap::new();
    for _ in 0..12 {
        let body = json!({
            "location_ids": shop.locations(),
            "query": {
                "filter": { "date_time_filter": { "updated_at": { "start_at": if newest.is_empty() { "2020-01-01T00:00:00Z" } else { &newest } } } },
                "sort": { "sort_field": "UPDATED_AT", "sort_order": "ASC" },
            },
        });
        for order in shop.post_all("/v2/orders/search", body, "orders").await {
            let version = order["version"].as_i64().unwrap();
            let before = versions.insert(text(&order, "id").to_owned(), version);
            assert!(before.is_none_or(|before| before <= version));
            text(&order, "updated_at").clone_into(&mut newest);
        }
        shop.simulator.advance(Duration::from_secs(3 * 3_600)).await.unwrap();
    }
    // A client that follows the time of update has seen all there is.
    let all = shop.simulator.totals(MERCHANT).await.unwrap().order_count;
    let missing = all - versions.len() as u64;
    assert!(missing < 60, "{missing} orders of the last three hours may be unseen");
}

#[tokio::test]
async fn a_running_clock_lets_the_world_trade_by_itself() {
    let shop = Shop::open(SquareConfig { speed: 20_000.0, ..small(1) }).await;
    let before = shop.simulator.totals(MERCHANT).await.unwrap().order_count;
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while shop.simulator.totals(MERCHANT).await.unwrap().order_count < before + 50 {
        assert!(std::time::Instant::now() < deadline, "nothing was sold");
        tokio::task::yield_now().await;
    }
    shop.simulator.run(0.0).unwrap();
    let stopped = shop.simulator.now();
    assert_eq!(shop.simulator.now(), stopped);
}
