//! Orders, page by page: caps, windows, cursors, edits, returns.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use shelfops_simulators::square::{Force, ForcedLine, ForcedReturn, ForcedSale};

use super::client::{MERCHANT, Shop, amount, quiet, small, text};

const UPDATED: &str = "UPDATED_AT";

fn search(locations: &[String], start: &str, end: Option<&str>, order: &str) -> Value {
    let mut window = json!({ "start_at": start });
    if let Some(end) = end {
        window["end_at"] = end.into();
    }
    json!({
        "location_ids": locations,
        "query": {
            "filter": { "date_time_filter": { "updated_at": window } },
            "sort": { "sort_field": UPDATED, "sort_order": order },
        },
    })
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["orders"]
        .as_array()
        .map_or_else(Vec::new, |orders| orders.iter().map(|order| text(order, "id")).collect())
}

#[tokio::test]
async fn pages_have_five_hundred_orders_by_default_and_a_thousand_at_most() {
    let shop = Shop::open(quiet()).await;
    for _ in 0..1_001 {
        shop.sell("1", 500).await;
    }
    let body = search(&shop.locations(), "2026-01-01T00:00:00Z", None, "ASC");
    let first = shop.post("/v2/orders/search", body.clone()).await.ok();
    assert_eq!(ids(&first).len(), 500);
    let all = shop.post_all("/v2/orders/search", body.clone(), "orders").await;
    let distinct: HashSet<&str> = all.iter().map(|order| text(order, "id")).collect();
    assert_eq!((all.len(), distinct.len()), (1_001, 1_001));
    let with = |limit: i64| {
        let mut body = body.clone();
        body["limit"] = limit.into();
        body
    };
    let largest = shop.post("/v2/orders/search", with(1_000)).await.ok();
    assert_eq!(ids(&largest).len(), 1_000);
    assert!(largest.get("cursor").is_some());
    for limit in [0, 1_001] {
        let answer = shop.post("/v2/orders/search", with(limit)).await;
        assert_eq!(answer.error(), (400, "INVALID_REQUEST_ERROR", "INVALID_VALUE"));
    }
}

#[tokio::test]
async fn an_empty_window_has_no_orders_field_and_no_cursor() {
    let shop = Shop::open(quiet()).await;
    let body = search(&shop.locations(), "2026-01-01T00:00:00Z", None, "ASC");
    assert_eq!(shop.post("/v2/orders/search", body).await.ok(), json!({}));
}

#[tokio::test]
async fn both_ends_of_a_window_are_included() {
    let shop = Shop::open(quiet()).await;
    let id = shop.sell("1", 500).await;
    let at = text(&shop.order(&id).await, "updated_at").to_owned();
    let find = async |start: &str, end: &str| {
        let body = search(&shop.locations(), start, Some(end), "ASC");
        ids(&shop.post("/v2/orders/search", body).await.ok()).len()
    };
    assert_eq!(find(&at, &at).await, 1);
    assert_eq!(find("2026-01-01T00:00:00Z", "2026-06-01T11:59:59.999Z").await, 0);
    assert_eq!(find("2026-06-01T12:00:00.001Z", "2026-07-01T00:00:00Z").await, 0);
}

#[tokio::test]
async fn the_newest_order_comes_first_unless_asked_otherwise() {
    let shop = Shop::open(small(3)).await;
    let times = async |order: Option<&str>| {
        let mut body = json!({ "location_ids": shop.locations() });
        if let Some(order) = order {
            body["query"] = json!({ "sort": { "sort_order": order } });
        }
        let orders = shop.post_all("/v2/orders/search", body, "orders").await;
        orders.iter().map(|order| text(order, "created_at").to_owned()).collect::<Vec<_>>()
    };
    let newest_first = times(None).await;
    assert!(newest_first.len() > 100);
    assert!(newest_first.is_sorted_by(|left, right| left >= right));
    let mut oldest_first = times(Some("ASC")).await;
    assert!(oldest_first.is_sorted());
    oldest_first.reverse();
    assert_eq!(oldest_first, newest_first);
}

#[tokio::test]
async fn a_cursor_goes_on_only_with_its_own_request_and_within_five_minutes() {
    let shop = Shop::open(quiet()).await;
    for _ in 0..5 {
        shop.sell("1", 500).await;
    }
    let mut body = search(&shop.locations(), "2026-01-01T00:00:00Z", None, "ASC");
    body["limit"] = 2.into();
    let cursor = shop.post("/v2/orders/search", body.clone()).await.ok()["cursor"].clone();
    let mut other = body.clone();
    other["limit"] = 3.into();
    other["cursor"] = cursor.clone();
    let answer = shop.post("/v2/orders/search", other).await;
    assert_eq!(answer.error(), (400, "INVALID_REQUEST_ERROR", "INVALID_CURSOR"));
    body["cursor"] = cursor;
    assert_eq!(ids(&shop.post("/v2/orders/search", body.clone()).await.ok()).len(), 2);
    shop.simulator.advance(Duration::from_secs(301)).await.unwrap();
    assert_eq!(shop.post("/v2/orders/search", body).await.error().2, "INVALID_CURSOR");
}

#[tokio::test]
async fn an_open_end_is_frozen_with_the_first_page() {
    let shop = Shop::open(quiet()).await;
    for _ in 0..3 {
        shop.sell("1", 500).await;
    }
    let mut body = search(&shop.locations(), "2026-01-01T00:00:00Z", None, "ASC");
    body["limit"] = 2.into();
    let first = shop.post("/v2/orders/search", body.clone()).await.ok();
    shop.simulator.advance(Duration::from_secs(1)).await.unwrap();
    shop.sell("1", 500).await;
    body["cursor"] = first["cursor"].clone();
    let second = shop.post("/v2/orders/search", body).await.ok();
    assert_eq!(ids(&second).len(), 1);
    assert!(second.get("cursor").is_none());
}

#[tokio::test]
async fn an_edit_raises_version_and_time_of_update_and_moves_the_order_to_the_end() {
    let shop = Shop::open(quiet()).await;
    let sale = shop.sale("2", 500).await;
    let open = shop.force(Force::Sale(ForcedSale { is_open: true, ..sale })).await.unwrap();
    let completed = shop.sell("1", 500).await;
    let before = shop.order(&open).await;
    assert_eq!((text(&before, "state"), before.get("closed_at")), ("OPEN", None));
    assert!(before.get("tenders").is_none());
    shop.simulator.advance(Duration::from_secs(60)).await.unwrap();
    shop.force(Force::EditOrder { order_id: open.clone(), line: 0, quantity: "3".to_owned() })
        .await;
    let after = shop.order(&open).await;
    assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
    assert!(text(&after, "updated_at") > text(&before, "updated_at"));
    assert_eq!(text(&after, "created_at"), text(&before, "created_at"));
    assert_eq!(text(&after["line_items"][0], "quantity"), "3");
    let body = search(&shop.locations(), "2026-01-01T00:00:00Z", None, "ASC");
    let found = shop.post("/v2/orders/search", body).await.ok();
    assert_eq!(ids(&found), [completed.as_str(), open.as_str()]);

    shop.force(Force::CompleteOrder { order_id: open.clone() }).await;
    let closed = shop.order(&open).await;
    assert_eq!(text(&closed, "state"), "COMPLETED");
    assert!(closed["closed_at"].is_string() && closed["tenders"][0]["payment_id"].is_string());
    let edit = Force::EditOrder { order_id: open, line: 0, quantity: "1".to_owned() };
    assert!(shop.simulator.force(MERCHANT, &edit).await.is_err(), "completed orders stay");
}

#[tokio::test]
async fn an_open_order_can_lose_all_of_its_lines() {
    let shop = Shop::open(quiet()).await;
    let mut sale = shop.sale("2", 500).await;
    sale.lines.push(sale.lines[0].clone());
    sale.is_open = true;
    let open = shop.force(Force::Sale(sale)).await.unwrap();
    let before = shop.order(&open).await;
    shop.force(Force::RemoveLastLine { order_id: open.clone() }).await;
    let after = shop.order(&open).await;
    let lines = |order: &Value| order["line_items"].as_array().unwrap().clone();
    assert_eq!((lines(&before).len(), lines(&after).len()), (2, 1));
    assert_eq!(lines(&after)[0]["uid"], lines(&before)[0]["uid"]);
    assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
    shop.force(Force::RemoveLastLine { order_id: open.clone() }).await;
    let emptied = shop.order(&open).await;
    assert!(emptied.get("line_items").is_none(), "empty lists are left out: {emptied}");
    assert_eq!((text(&emptied, "state"), amount(&emptied, "total_money")), ("OPEN", 0));
    let again = Force::RemoveLastLine { order_id: open.clone() };
    assert!(shop.simulator.force(MERCHANT, &again).await.is_err(), "there is none");
    shop.force(Force::CompleteOrder { order_id: open.clone() }).await;
    let closed = shop.order(&open).await;
    assert_eq!((text(&closed, "state"), closed.get("tenders")), ("COMPLETED", None));
}

#[tokio::test]
async fn an_order_that_takes_goods_back_may_appear_after_its_refund() {
    let mut config = quiet();
    config.return_lag_seconds = 600;
    let shop = Shop::open(config).await;
    let sold = shop.sell("1", 1_000).await;
    let back =
        ForcedReturn { order_id: sold, lines: Vec::new(), amount: None, instead: Vec::new() };
    let returned = shop.force(Force::Return(back)).await.unwrap();
    shop.simulator.advance(Duration::from_secs(599)).await.unwrap();
    assert_eq!(shop.get_all("/v2/refunds", "refunds").await.len(), 1);
    let found = async || {
        let body = search(&shop.locations(), "2026-01-01T00:00:00Z", None, "ASC");
        let listed = shop.post("/v2/orders/search", body).await.ok();
        let by_id = json!({ "order_ids": [returned] });
        let by_id = shop.post("/v2/orders/batch-retrieve", by_id).await.ok();
        let path = format!("/v2/orders/{returned}");
        let status = shop.get(&path).await.status;
        (ids(&listed).contains(&&*returned), ids(&by_id).len(), status)
    };
    assert_eq!(found().await, (false, 0, 404));
    shop.simulator.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(found().await, (true, 1, 200));
}

#[tokio::test]
async fn an_order_keeps_the_name_and_the_price_that_it_was_rung_up_with() {
    let shop = Shop::open(quiet()).await;
    let products = shop.simulator.oracle(MERCHANT).await.unwrap().products;
    let mut sale = shop.sale("1", 500).await;
    let variation = sale.lines[0].variation_id.clone().unwrap();
    // At the price of the catalogue.
    sale.lines[0].unit_price = None;
    let product = products.iter().find(|product| product.variation_id == variation).unwrap();
    let (before, item_id) = (product.item_name.clone(), product.item_id.clone());
    let sold = shop.force(Force::Sale(sale.clone())).await.unwrap();
    let open = ForcedSale { is_open: true, ..sale.clone() };
    let open = shop.force(Force::Sale(open)).await.unwrap();
    let price = amount(&shop.order(&sold).await["line_items"][0], "base_price_money");
    let dearer = u32::try_from(price).unwrap() + 100;
    shop.force(Force::RenameItem { item_id, name: "Another name".to_owned() }).await;
    let set =
        Force::SetPrice { variation_id: variation.clone(), location_id: None, amount: dearer };
    shop.force(set).await;
    let place = Some(sale.location_id.clone());
    shop.force(Force::SetPrice { variation_id: variation, location_id: place, amount: dearer })
        .await;

    // What is edited later is still what was ordered, and what comes back is what was sold.
    shop.force(Force::EditOrder { order_id: open.clone(), line: 0, quantity: "2".to_owned() })
        .await;
    let back = ForcedReturn {
        order_id: sold.clone(),
        lines: Vec::new(),
        amount: None,
        instead: Vec::new(),
    };
    let back = shop.force(Force::Return(back)).await.unwrap();
    let since = shop.force(Force::Sale(sale)).await.unwrap();
    let (sold, open) = (shop.order(&sold).await, shop.order(&open).await);
    let (back, since) = (shop.order(&back).await, shop.order(&since).await);
    let told = |line: &Value| (text(line, "name").to_owned(), amount(line, "base_price_money"));
    for line in [&sold["line_items"][0], &open["line_items"][0]] {
        assert_eq!(told(line), (before.clone(), price));
    }
    assert_eq!(told(&back["returns"][0]["return_line_items"][0]), (before, price));
    assert_eq!(told(&since["line_items"][0]), ("Another name".to_owned(), price + 100));
}

#[tokio::test]
async fn a_return_is_an_order_of_its_own_that_names_its_source() {
    let shop = Shop::open(quiet()).await;
    let mut sale = shop.sale("2", 1_100).await;
    sale.coupon = 200;
    let sold = shop.force(Force::Sale(sale)).await.unwrap();
    shop.simulator.advance(Duration::from_secs(3_600)).await.unwrap();
    let back = ForcedReturn {
        order_id: sold.clone(),
        lines: vec![(0, "1".to_owned())],
        amount: None,
        instead: Vec::new(),
    };
    let returned = shop.force(Force::Return(back.clone())).await.unwrap();
    assert!(shop.simulator.force(MERCHANT, &Force::Return(back)).await.is_err(), "only once");

    let (sold, returned) = (shop.order(&sold).await, shop.order(&returned).await);
    let line = &returned["returns"][0]["return_line_items"][0];
    assert_eq!(text(&returned["returns"][0], "source_order_id"), text(&sold, "id"));
    assert_eq!(text(line, "source_line_item_uid"), text(&sold["line_items"][0], "uid"));
    assert_eq!(text(line, "quantity"), "1");
    assert!(returned.get("line_items").is_none());
    let discount = amount(line, "total_discount_money");
    assert_eq!(discount * 2, amount(&sold, "total_discount_money"));
    assert!(discount >= 100, "half of the coupon, at least");
    let back = amount(line, "total_money");
    let twice = back * 2 - amount(&sold, "total_money");
    assert!(twice.abs() <= 1, "half of what was paid, but for an odd cent of tax");
    assert_eq!(amount(&returned["return_amounts"], "total_money"), back);
    assert_eq!(amount(&returned["net_amounts"], "total_money"), -back);
    assert_eq!(amount(&returned["refunds"][0], "amount_money"), back);
    assert_eq!(amount(&returned, "total_money"), 0);
}

#[tokio::test]
async fn an_exchange_sells_and_takes_back_in_one_order() {
    let shop = Shop::open(quiet()).await;
    let sold = shop.sell("1", 1_000).await;
    let sale = shop.sale("1", 2_500).await;
    let back =
        ForcedReturn { order_id: sold, lines: Vec::new(), amount: None, instead: sale.lines };
    let exchange = shop.force(Force::Return(back)).await.unwrap();
    let exchange = shop.order(&exchange).await;
    assert!(exchange["line_items"].is_array() && exchange["returns"].is_array());
    let net = amount(&exchange, "total_money") - amount(&exchange["return_amounts"], "total_money");
    assert!(net > 0);
    assert_eq!(amount(&exchange["net_amounts"], "total_money"), net);
    assert_eq!(amount(&exchange["tenders"][0], "amount_money"), net);
    assert!(exchange.get("refunds").is_none());
}

#[tokio::test]
async fn a_sum_of_money_comes_back_without_an_article() {
    let shop = Shop::open(quiet()).await;
    let sold = shop.sell("1", 1_000).await;
    let back =
        ForcedReturn { order_id: sold, lines: Vec::new(), amount: Some(250), instead: Vec::new() };
    let returned = shop.force(Force::Return(back)).await.unwrap();
    let returned = shop.order(&returned).await;
    let line = &returned["returns"][0]["return_line_items"][0];
    assert!(line.get("catalog_object_id").is_none() && line.get("source_line_item_uid").is_none());
    assert_eq!(amount(line, "total_money"), 250);
}

#[tokio::test]
async fn an_offline_sale_comes_late_with_its_old_time_of_creation() {
    let shop = Shop::open(quiet()).await;
    let sale = shop.sale("1", 500).await;
    let late = ForcedSale { hours_late: 72, ..sale };
    let id = shop.force(Force::Sale(late)).await.unwrap();
    let order = shop.order(&id).await;
    assert_eq!(text(&order, "created_at"), "2026-05-29T11:59:30.000Z");
    assert_eq!(text(&order, "closed_at"), "2026-05-29T12:00:00.000Z");
    assert_eq!(text(&order, "updated_at"), "2026-06-01T12:00:00.000Z");
    let body = search(&shop.locations(), "2026-06-01T11:00:00Z", None, "ASC");
    let found = shop.post("/v2/orders/search", body).await.ok();
    assert_eq!(ids(&found), [id.as_str()], "it is found by its time of update");
}

#[tokio::test]
async fn orders_are_retrieved_by_id_a_hundred_at_a_time_and_unknown_ones_are_missing() {
    let shop = Shop::open(quiet()).await;
    let id = shop.sell("1", 500).await;
    let other = shop.sell("0.35", 1_999).await;
    let body = json!({ "order_ids": [id, "Onothing", other] });
    let found = shop.post("/v2/orders/batch-retrieve", body).await.ok();
    assert_eq!(ids(&found), [id.as_str(), other.as_str()]);
    let many: Vec<&str> = std::iter::repeat_n(id.as_str(), 101).collect();
    let answer = shop.post("/v2/orders/batch-retrieve", json!({ "order_ids": many })).await;
    assert_eq!(answer.error().2, "ARRAY_LENGTH_TOO_LONG");
    assert_eq!(
        shop.get("/v2/orders/Onothing").await.error(),
        (404, "INVALID_REQUEST_ERROR", "NOT_FOUND")
    );
    let line = &found["orders"][1]["line_items"][0];
    assert_eq!(text(line, "quantity"), "0.35");
    assert_eq!(amount(line, "gross_sales_money"), 700, "699.65, to the nearest");
}

#[tokio::test]
async fn lines_without_a_variation_are_sums_typed_at_the_till() {
    let shop = Shop::open(quiet()).await;
    let mut sale = shop.sale("1", 500).await;
    sale.lines =
        vec![ForcedLine { variation_id: None, quantity: "1".to_owned(), unit_price: Some(250) }];
    let id = shop.force(Force::Sale(sale)).await.unwrap();
    let line = shop.order(&id).await["line_items"][0].clone();
    assert!(line.get("catalog_object_id").is_none());
    assert_eq!(text(&line, "item_type"), "CUSTOM_AMOUNT");
}
