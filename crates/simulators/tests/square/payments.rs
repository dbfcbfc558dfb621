//! Payments and refunds.

use std::time::Duration;

use shelfops_simulators::square::{Force, ForcedReturn, GrantRequest};

use super::client::{MERCHANT, Shop, amount, quiet, small, text};

fn all_of(order_id: &str) -> Force {
    Force::Return(ForcedReturn {
        order_id: order_id.to_owned(),
        lines: Vec::new(),
        amount: None,
        instead: Vec::new(),
    })
}

#[tokio::test]
async fn without_a_location_only_the_main_ones_payments_are_listed() {
    let shop = Shop::open(small(2)).await;
    let locations = shop.locations();
    let by_default = shop.get_all("/v2/payments", "payments").await;
    assert!(by_default.iter().all(|each| text(each, "location_id") == locations[0]));
    let mut count = 0;
    for location in &locations {
        let path = format!("/v2/payments?location_id={location}&sort_order=ASC");
        let payments = shop.get_all(&path, "payments").await;
        assert!(payments.is_sorted_by_key(|each| text(each, "created_at").to_owned()));
        count += payments.len();
    }
    assert!(count > by_default.len());
    assert_eq!(count as u64, shop.simulator.totals(MERCHANT).await.unwrap().payment_count);
}

#[tokio::test]
async fn a_page_has_a_hundred_payments_at_most_and_larger_limits_are_ignored() {
    let shop = Shop::open(quiet()).await;
    for _ in 0..101 {
        shop.sell("1", 500).await;
    }
    for path in ["/v2/payments", "/v2/payments?limit=500", "/v2/payments?limit=100"] {
        let page = shop.get(path).await.ok();
        assert_eq!(page["payments"].as_array().map(Vec::len), Some(100), "{path}");
        assert!(page["cursor"].is_string());
    }
    assert_eq!(shop.get_all("/v2/payments?limit=7", "payments").await.len(), 101);
}

#[tokio::test]
async fn the_default_window_is_the_last_year_and_both_ends_are_included() {
    let mut shop = Shop::open(quiet()).await;
    let order = shop.sell("1", 500).await;
    let payment = shop.order(&order).await["tenders"][0]["payment_id"].clone();
    let payment = payment.as_str().unwrap();
    let at = shop.get(&format!("/v2/payments/{payment}")).await.ok();
    let at = text(&at["payment"], "created_at").to_owned();
    let exactly = format!("/v2/payments?begin_time={at}&end_time={at}");
    assert_eq!(shop.get_all(&exactly, "payments").await.len(), 1);
    shop.simulator.advance(Duration::from_secs(366 * 86_400)).await.unwrap();
    let request = GrantRequest { merchant_id: MERCHANT.to_owned(), ..GrantRequest::default() };
    shop.token = shop.simulator.grant(&request).unwrap().access_token;
    assert!(shop.get_all("/v2/payments", "payments").await.is_empty());
    let earlier = "/v2/payments?begin_time=2026-01-01T00:00:00Z";
    assert_eq!(shop.get_all(earlier, "payments").await.len(), 1);
    let bad = shop.get("/v2/payments?begin_time=yesterday").await;
    assert_eq!(bad.error(), (400, "INVALID_REQUEST_ERROR", "INVALID_TIME"));
}

#[tokio::test]
async fn a_refund_is_pending_first_and_counts_for_its_payment() {
    let shop = Shop::open(quiet()).await;
    let order = shop.sell("1", 1_000).await;
    shop.simulator.advance(Duration::from_secs(60)).await.unwrap();
    let returned = shop.force(all_of(&order)).await.unwrap();
    assert!(shop.get_all("/v2/refunds", "refunds").await.is_empty(), "it takes seconds to show");
    shop.simulator.advance(Duration::from_secs(4)).await.unwrap();
    let refunds = shop.get_all("/v2/refunds", "refunds").await;
    let refund = &refunds[0];
    assert_eq!((text(refund, "status"), text(refund, "order_id")), ("PENDING", returned.as_str()));
    let id = text(refund, "id").to_owned();
    let payment = text(refund, "payment_id").to_owned();
    shop.force(Force::SettleRefund { refund_id: id.clone(), is_accepted: true }).await;
    let settled = shop.get(&format!("/v2/refunds/{id}")).await.ok()["refund"].clone();
    assert_eq!(text(&settled, "status"), "COMPLETED");
    assert!(text(&settled, "updated_at") > text(&settled, "created_at"));
    let payment = shop.get(&format!("/v2/payments/{payment}")).await.ok()["payment"].clone();
    assert_eq!(amount(&payment, "refunded_money"), amount(&settled, "amount_money"));
    assert_eq!(payment["refund_ids"][0], id.as_str());
    assert!(text(&payment, "updated_at") > text(&payment, "created_at"));
}

#[tokio::test]
async fn a_refund_of_an_amount_is_told_by_no_order() {
    let shop = Shop::open(quiet()).await;
    let order = shop.sell("1", 1_000).await;
    let paid = amount(&shop.order(&order).await["tenders"][0], "amount_money");
    let refund = |amount| Force::RefundAmount { order_id: order.clone(), amount };
    let too_much = u32::try_from(paid).unwrap() + 1;
    for amount in [0, too_much] {
        assert!(shop.simulator.force(MERCHANT, &refund(amount)).await.is_err(), "{amount}");
    }
    let before = shop.order(&order).await;
    let id = shop.force(refund(200)).await.unwrap();
    shop.force(Force::SettleRefund { refund_id: id.clone(), is_accepted: true }).await;
    assert_eq!(shop.order(&order).await, before);
    assert!(shop.simulator.force(MERCHANT, &refund(too_much - 200)).await.is_err());
    shop.simulator.advance(Duration::from_secs(4)).await.unwrap();
    let told = shop.get_all("/v2/refunds", "refunds").await.swap_remove(0);
    assert_eq!((text(&told, "id"), text(&told, "order_id")), (&*id, &*order));
    assert_eq!((text(&told, "status"), amount(&told, "amount_money")), ("COMPLETED", 200));
    let books = shop.simulator.oracle(MERCHANT).await.unwrap();
    let kept: Vec<_> =
        books.refunds.iter().map(|refund| (&*refund.refund_id, refund.amount)).collect();
    assert_eq!((kept, books.lines.len()), (vec![(&*id, 200)], 1));
    // The return of the goods besides is a refund with an order.
    shop.force(all_of(&order)).await;
    assert_eq!(shop.simulator.oracle(MERCHANT).await.unwrap().refunds.len(), 1);
}

#[tokio::test]
async fn a_refund_that_settled_is_found_by_its_time_of_update_only() {
    let shop = Shop::open(quiet()).await;
    let order = shop.sell("1", 1_000).await;
    shop.force(all_of(&order)).await;
    shop.simulator.advance(Duration::from_secs(7 * 86_400)).await.unwrap();
    let day = "begin_time=2026-01-01T00:00:00Z&sort_field=UPDATED_AT";
    let updated = format!("/v2/refunds?{day}&updated_at_begin_time=2026-06-01T12:00:00.001Z");
    let found = shop.get_all(&updated, "refunds").await;
    assert_eq!(found.len(), 1);
    assert_ne!(text(&found[0], "status"), "PENDING");
    let created = shop.get_all("/v2/refunds?begin_time=2026-06-01T12:00:00.001Z", "refunds").await;
    assert!(created.is_empty());
}

#[tokio::test]
async fn payments_can_be_listed_by_update_and_by_where_they_were_taken() {
    let shop = Shop::open(quiet()).await;
    let first = shop.sell("1", 1_000).await;
    shop.simulator.advance(Duration::from_secs(60)).await.unwrap();
    let mut late = shop.sale("1", 500).await;
    late.hours_late = 5;
    let late = shop.force(Force::Sale(late)).await.unwrap();
    shop.simulator.advance(Duration::from_secs(60)).await.unwrap();
    shop.force(all_of(&first)).await;
    let by_update = "/v2/payments?sort_field=UPDATED_AT&sort_order=ASC";
    let found = shop.get_all(by_update, "payments").await;
    let orders: Vec<&str> = found.iter().map(|each| text(each, "order_id")).collect();
    assert_eq!(orders, [late.as_str(), first.as_str()]);
    let since = format!("{by_update}&updated_at_begin_time=2026-06-01T12:01:30Z");
    assert_eq!(shop.get_all(&since, "payments").await.len(), 1);
    let offline = shop.get_all("/v2/payments?is_offline_payment=true", "payments").await;
    assert_eq!(offline.len(), 1);
    let client = text(&offline[0]["offline_payment_details"], "client_created_at");
    assert_eq!(client, "2026-06-01T07:00:30.000Z");
    assert!(text(&offline[0], "created_at") > "2026-06-01T12:00");
}
