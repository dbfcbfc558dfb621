//! A day's totals at the vendor, to compare our tables with.

use jiff::civil::date;
use serde_json::{Value, json};
use shelfops_integrations::connector::{Connector as _, DayBasis, DayTotals};
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
    assert_eq!((day.net_orders, day.uneven_count), (day.net_lines, 0));
}

/// Counts a day that has these orders.
async fn totals_of(told: Vec<Value>) -> DayTotals {
    let shop = Shop::open(move |seen: &Seen| match seen.path() {
        "/v2/locations" => dated(locations(&["LSHELF01"])),
        "/v2/orders/search" => orders(&told, None),
        _ => json(json!({})),
    })
    .await;
    let day = date(2026, 11, 20);
    let totals = Square.day_totals(shop.connection.clone(), day, DayBasis::Created).await;
    totals.unwrap().swap_remove(0)
}

#[tokio::test]
async fn an_order_whose_lines_do_not_come_to_what_it_says_is_named_with_both_amounts() {
    let mut order_with_a_part_that_nobody_documented = order("ODD", "x");
    order_with_a_part_that_nobody_documented["total_money"] = money(2260);
    let mut returned_by_halves = return_order();
    returned_by_halves["net_amounts"]["total_money"] = money(-1000);
    let day = totals_of(vec![
        order_with_a_part_that_nobody_documented,
        order("B", "x"),
        returned_by_halves,
    ])
    .await;
    let uneven: Vec<_> = day
        .uneven
        .iter()
        .map(|order| (order.order.as_str(), order.told.to_string(), order.read.to_string()))
        .collect();
    assert_eq!(
        uneven,
        [
            ("ODD", "22.60".to_owned(), "21.60".to_owned()),
            ("ORDreturn00001", "-10.00".to_owned(), "-10.80".to_owned()),
        ]
    );
    assert_eq!((day.uneven_count, day.malformed), (2, 0));
    assert_eq!(
        (day.net_orders.to_string(), day.net_lines.to_string()),
        ("34.20".into(), "32.40".into())
    );
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_told_once_and_one_of_a_cancelled_order_nowhere() {
    let mut broken = order("BROKEN", "x");
    broken["line_items"][0]["quantity"] = json!(2);
    let mut never_sold = broken.clone();
    never_sold["id"] = json!("VOID");
    never_sold["state"] = json!("CANCELED");
    let day = totals_of(vec![broken, never_sold]).await;
    assert_eq!((day.malformed, day.uneven_count, day.uneven), (1, 0, vec![]));
    assert_eq!(
        day.net_orders.to_string(),
        "21.60",
        "what it comes to, the order says all the same"
    );
}

#[tokio::test]
async fn orders_that_legitimately_tell_more_or_less_than_their_lines_are_even() {
    let charge = |service: i64| json!([{ "uid": "c", "applied_money": money(service), "total_money": money(service) }]);
    let mut open = order("OPEN", "x");
    open["state"] = json!("OPEN");
    open["closed_at"] = Value::Null;
    open["net_amount_due_money"] = money(2160);
    let mut with_service = order("SERVICE", "x");
    with_service["service_charges"] = charge(300);
    with_service["total_service_charge_money"] = money(300);
    with_service["total_money"] = money(2460);
    // Spread over the goods, a charge is in their amounts and in the list.
    let mut spread = with_service.clone();
    spread["line_items"][0]["total_service_charge_money"] = money(300);
    spread["line_items"][0]["total_money"] = money(2460);
    // A tax that prices contain.
    let mut inclusive = order("INCLUSIVE", "x");
    inclusive["line_items"][0]["total_money"] = money(2000);
    inclusive["total_money"] = money(2000);
    let mut rounded = order("ROUNDED", "x");
    rounded["rounding_adjustment"] = json!({ "uid": "r", "amount_money": money(-1) });
    rounded["total_money"] = money(2159);
    let mut exchange = return_order();
    exchange["line_items"] = order("X", "x")["line_items"].clone();
    exchange["total_money"] = money(2160);
    exchange["net_amounts"] = json!({ "total_money": money(1080), "tax_money": money(80) });
    let mut silent = order("SILENT", "x");
    silent["total_money"] = Value::Null;
    let told = vec![open, with_service, spread, inclusive, rounded, exchange, silent, cancelled()];
    let day = totals_of(told).await;
    assert_eq!((day.uneven, day.order_count), (Vec::new(), 7));
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
async fn a_refund_that_cannot_be_read_makes_its_day_differ() {
    let mut odd = refund("ORDother");
    odd["created_at"] = json!("2026-11-21T07:00:00Z");
    odd["status"] = json!("PARTLY");
    let shop = Shop::open(vendor(vec![odd])).await;
    let day = date(2026, 11, 20);
    let totals = Square.day_totals(shop.connection.clone(), day, DayBasis::Created).await.unwrap();
    assert_eq!((totals[0].malformed, totals[0].return_lines), (1, 1));
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
