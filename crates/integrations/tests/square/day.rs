//! A day's totals at the vendor, to compare our tables with.

use jiff::civil::date;
use serde_json::{Value, json};
use shelfops_integrations::connector::{Connector as _, DayBasis};
use shelfops_integrations::square::Square;

use super::fixtures::{dated, locations, money, order, orders, refund, return_order};
use super::server::{Answer, Seen, json};
use super::shop::Shop;

fn vendor(refunds: Vec<Value>) -> impl FnMut(&Seen) -> Answer + Send {
    move |seen| match seen.path() {
        "/v2/locations" => dated(locations(&["LSHELF01"])),
        "/v2/refunds" => json(json!({ "refunds": refunds })),
        "/v2/orders/batch-retrieve" => json(json!({})),
        _ if seen.body["query"]["sort"]["sort_field"] == "CREATED_AT"
            && seen.body["limit"] == 500
            && is_day(seen) =>
        {
            match seen.body["cursor"].as_str() {
                None => orders(&[order("A", "x"), tipped()], Some("2")),
                Some(_) => orders(&[return_order(), cancelled()], None),
            }
        }
        _ => orders(&[], None),
    }
}

/// Whether a search asks for the day by the clock of Los Angeles.
fn is_day(seen: &Seen) -> bool {
    let span = &seen.body["query"]["filter"]["date_time_filter"]["created_at"];
    *span == json!({ "start_at": "2026-11-20T08:00:00Z", "end_at": "2026-11-21T07:59:59.999Z" })
}

fn tipped() -> Value {
    let mut order = order("B", "x");
    order["total_tip_money"] = money(500);
    order["total_money"] = money(2660);
    order
}

fn cancelled() -> Value {
    let mut order = order("C", "x");
    order["state"] = json!("CANCELED");
    order
}

#[tokio::test]
async fn a_day_is_counted_by_the_stores_clock_over_all_pages() {
    let shop = Shop::open(vendor(Vec::new())).await;
    let totals = Square
        .day_totals(shop.connection.clone(), date(2026, 11, 20), DayBasis::Created)
        .await
        .unwrap();
    let [day] = &totals[..] else { panic!("{totals:?}") };
    assert_eq!((day.store.as_str(), day.currency.code()), ("LSHELF01", "USD"));
    assert_eq!((day.order_count, day.sale_lines, day.return_lines, day.malformed), (3, 2, 1, 0));
    assert_eq!(day.net_lines.to_string(), "32.40", "2 × 21.60 − 10.80, no tips");
    assert_eq!(day.net_orders, day.net_lines);
}

#[tokio::test]
async fn refunds_without_goods_are_counted_too() {
    let mut refund_of_that_day = refund("ORDother");
    refund_of_that_day["created_at"] = json!("2026-11-21T07:00:00Z");
    let mut before = refund("ORDother");
    before["created_at"] = json!("2026-11-20T07:59:59.999Z");
    let shop = Shop::open(vendor(vec![refund_of_that_day, before])).await;
    let totals = Square
        .day_totals(shop.connection.clone(), date(2026, 11, 20), DayBasis::Created)
        .await
        .unwrap();
    assert_eq!((totals[0].return_lines, totals[0].net_lines.to_string()), (2, "21.60".to_owned()));
    let asked = &shop.server.seen_at("/v2/refunds")[0];
    assert_eq!(asked.parameter("location_id").unwrap(), "LSHELF01");
    assert_eq!(asked.parameter("begin_time").unwrap(), "2026-11-20T07:59:59.999Z");
}

#[tokio::test]
async fn a_day_can_be_counted_by_completion() {
    let shop = Shop::open(vendor(Vec::new())).await;
    let day = date(2026, 11, 20);
    Square.day_totals(shop.connection.clone(), day, DayBasis::Closed).await.unwrap();
    let asked = &shop.server.seen_at("/v2/orders/search")[0].body["query"];
    assert_eq!(asked["sort"]["sort_field"], "CLOSED_AT");
    assert_eq!(asked["filter"]["state_filter"]["states"], json!(["COMPLETED", "CANCELED"]));
}
