//! Webhooks: what is told, to whom, how often, and how to find what was missed.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shelfops_simulators::square::{
    FaultPlan, Force, ForcedReturn, GrantRequest, WebhookFaults, sign,
};

use super::client::{MERCHANT, Shop, plain_client, quiet, small, text};
use super::receiver::{KEY, Received, Receiver};

const MINUTE: u64 = 60;

fn types(received: &[Received]) -> Vec<&str> {
    received.iter().map(|each| each.text("type")).collect()
}

#[test]
fn the_published_signature_comes_out() {
    let signature = sign(KEY, "https://example.com/webhook", br#"{"hello":"world"}"#);
    assert_eq!(signature, "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=");
}

#[tokio::test]
async fn a_sale_at_the_till_tells_of_payment_and_stock_and_of_no_order() {
    let receiver = Receiver::listen().await;
    let shop = Shop::open(receiver.subscribe(quiet(), &[])).await;
    let order = shop.sell("2", 1_000).await;
    let received = receiver.take();
    assert_eq!(types(&received), ["payment.created", "payment.updated", "inventory.count.updated"]);
    for each in &received {
        assert!(each.is_signed_for(&receiver.url), "{each:?}");
        assert!(!each.is_signed_for("http://another"));
        assert_eq!(each.header("square-environment"), Some("Sandbox"));
        assert_eq!(each.header("content-type"), Some("application/json"));
        assert_eq!(each.header("square-retry-number"), None);
        assert_eq!(each.text("merchant_id"), MERCHANT);
    }
    let ids: HashSet<&str> = received.iter().map(|each| each.text("event_id")).collect();
    assert_eq!(ids.len(), 3);
    let payment = |at: usize| received[at].body["data"]["object"]["payment"].clone();
    assert_eq!(text(&payment(0), "status"), "APPROVED");
    assert_eq!(
        (text(&payment(1), "status"), text(&payment(1), "order_id")),
        ("COMPLETED", order.as_str())
    );
    let count = &received[2].body["data"]["object"]["inventory_counts"][0];
    assert!(count["quantity"].is_string() && count["calculated_at"].is_string());
}

#[tokio::test]
async fn orders_of_the_web_shop_tell_of_themselves_in_summary() {
    let receiver = Receiver::listen().await;
    let shop = Shop::open(receiver.subscribe(quiet(), &["order.created", "order.updated"])).await;
    let mut sale = shop.sale("1", 1_000).await;
    sale.is_open = true;
    let order = shop.force(Force::Sale(sale)).await.unwrap();
    shop.force(Force::CompleteOrder { order_id: order.clone() }).await;
    let received = receiver.take();
    assert_eq!(types(&received), ["order.created", "order.updated"]);
    let created = &received[0].body["data"]["object"]["order_created"];
    assert_eq!((text(created, "order_id"), text(created, "state")), (order.as_str(), "OPEN"));
    let updated = &received[1].body["data"]["object"]["order_updated"];
    assert_eq!((text(updated, "state"), updated["version"].as_i64()), ("COMPLETED", Some(2)));
}

#[tokio::test]
async fn catalog_locations_vendors_refunds_and_revocation_are_told() {
    let receiver = Receiver::listen().await;
    let shop = Shop::open(receiver.subscribe(quiet(), &[])).await;
    let order = shop.sell("1", 1_000).await;
    receiver.take();
    let oracle = shop.simulator.oracle(MERCHANT).await.unwrap();
    let location_id = shop.locations()[1].clone();
    shop.force(Force::DeleteObject { object_id: oracle.products[3].item_id.clone() }).await;
    let name = Some("New name".to_owned());
    shop.force(Force::ChangeLocation { location_id, name, is_active: None }).await;
    let vendors = shop.post("/v2/vendors/search", json!({})).await.ok();
    let vendor_id = text(&vendors["vendors"][0], "id").to_owned();
    shop.force(Force::RenameVendor { vendor_id, name: "Another".to_owned() }).await;
    let received = receiver.take();
    assert_eq!(types(&received), ["catalog.version.updated", "location.updated", "vendor.updated"]);
    assert!(received[0].body["data"].get("id").is_none());
    assert!(received[1].body["data"].get("object").is_none());

    let back =
        ForcedReturn { order_id: order, lines: Vec::new(), amount: None, instead: Vec::new() };
    shop.force(Force::Return(back)).await;
    let received = receiver.take();
    assert_eq!(types(&received), ["inventory.count.updated", "refund.created", "payment.updated"]);
    assert_eq!(text(&received[1].body["data"]["object"]["refund"], "status"), "PENDING");

    let url = format!("{}/_control/merchants/{MERCHANT}/revoke", shop.simulator.url());
    let body = json!({ "client_id": "sandbox-sq0idb-shelf" }).to_string();
    let request = plain_client().post(url).header("content-type", "application/json");
    assert_eq!(request.body(body).send().await.unwrap().status(), 200);
    let received = receiver.take();
    assert_eq!(types(&received), ["oauth.authorization.revoked"]);
    let revocation = &received[0].body["data"]["object"]["revocation"];
    assert_eq!(text(revocation, "revoker_type"), "MERCHANT");
    shop.sell("1", 100).await;
    assert!(receiver.take().is_empty(), "nobody is told without consent");
}

#[tokio::test]
async fn what_fails_is_sent_again_eleven_times_in_a_day_with_the_same_id_and_body() {
    let receiver = Receiver::listen().await;
    let shop = Shop::open(receiver.subscribe(quiet(), &["payment.created"])).await;
    receiver.answer_next(&[500; 12]);
    shop.sell("1", 1_000).await;
    let first = receiver.take();
    assert_eq!(first.len(), 1);
    let minutes = [1, 2, 4, 8, 16, 32, 60, 120, 240, 480, 480];
    for (number, minutes) in (1..).zip(minutes) {
        shop.simulator.advance(Duration::from_secs(minutes * MINUTE - 1)).await.unwrap();
        assert!(receiver.take().is_empty(), "retry {number} is early");
        shop.simulator.advance(Duration::from_secs(1)).await.unwrap();
        let again = receiver.take();
        assert_eq!(again.len(), 1, "retry {number}");
        assert_eq!(again[0].bytes, first[0].bytes);
        assert_eq!(again[0].header("square-retry-number"), Some(number.to_string().as_str()));
        assert_eq!(again[0].header("square-retry-reason"), Some("http_error"));
        let initial = again[0].header("square-initial-delivery-timestamp");
        assert_eq!(initial, first[0].header("square-initial-delivery-timestamp"));
        assert!(again[0].is_signed_for(&receiver.url));
    }
    shop.simulator.advance(Duration::from_secs(3 * 86_400)).await.unwrap();
    assert!(receiver.take().is_empty());
    assert_eq!(shop.simulator.state().webhooks_dropped, 1);
}

#[tokio::test]
async fn redirects_count_as_failures() {
    let receiver = Receiver::listen().await;
    let shop = Shop::open(receiver.subscribe(quiet(), &["payment.created"])).await;
    receiver.answer_next(&[302]);
    shop.sell("1", 1_000).await;
    shop.simulator.advance(Duration::from_secs(MINUTE)).await.unwrap();
    assert_eq!(receiver.take().len(), 2);
    assert_eq!(shop.simulator.state().webhooks_waiting, 0);
}

#[tokio::test]
async fn only_what_the_merchant_consented_to_is_told() {
    let receiver = Receiver::listen().await;
    let config = receiver.subscribe(quiet(), &[]);
    let simulator = shelfops_simulators::square::Simulator::start(config).await.unwrap();
    let request = GrantRequest {
        merchant_id: MERCHANT.to_owned(),
        scopes: Some(vec!["INVENTORY_READ".to_owned()]),
        ..GrantRequest::default()
    };
    let token = simulator.grant(&request).unwrap().access_token;
    let shop = Shop { simulator, token, client: plain_client() };
    shop.sell("1", 1_000).await;
    assert_eq!(types(&receiver.take()), ["inventory.count.updated"]);
}

#[tokio::test]
async fn webhooks_get_lost_come_twice_late_and_out_of_order_as_planned() {
    let fates = async |webhooks: WebhookFaults| {
        let receiver = Receiver::listen().await;
        let mut config = receiver.subscribe(quiet(), &["payment.created"]);
        config.faults = FaultPlan { seed: 5, webhooks, ..FaultPlan::default() };
        let shop = Shop::open(config).await;
        for _ in 0..40 {
            shop.sell("1", 500).await;
            shop.simulator.advance(Duration::from_secs(1)).await.unwrap();
        }
        let on_time = receiver.take().len();
        shop.simulator.advance(Duration::from_secs(3_600)).await.unwrap();
        (on_time, receiver.take())
    };
    let (on_time, late) =
        fates(WebhookFaults { lost_per_mille: 1_000, ..Default::default() }).await;
    assert_eq!((on_time, late.len()), (0, 0));
    let twice = WebhookFaults { duplicate_per_mille: 1_000, ..Default::default() };
    let (on_time, late) = fates(twice).await;
    assert_eq!(on_time + late.len(), 80);
    let ids: HashSet<&str> = late.iter().map(|each| each.text("event_id")).collect();
    assert_eq!(ids.len(), late.len(), "the same event comes again, and no more than that");
    let late_ones = WebhookFaults { late_per_mille: 1_000, late_minutes: 50, ..Default::default() };
    let (on_time, late) = fates(late_ones).await;
    assert!(on_time < 5 && on_time + late.len() == 40, "{on_time} {}", late.len());
    let reordered = WebhookFaults { reordered_per_mille: 1_000, ..Default::default() };
    let (_, late) = fates(reordered).await;
    assert!(!late.is_sorted_by_key(|each| each.text("created_at").to_owned()));
}

#[tokio::test]
async fn events_are_searched_with_the_developers_own_token_once_they_are_enabled() {
    let shop = Shop::open(quiet()).await;
    let search = async |token: &str, body: Value| {
        shop.send_with(token, Method::POST, "/v2/events", Some(body)).await
    };
    assert_eq!(search(&shop.token, json!({})).await.status, 401, "no merchant's token");
    assert_eq!(search("EAAAEpersonal", json!({})).await.status, 400, "not enabled");
    shop.send_with("EAAAEpersonal", Method::PUT, "/v2/events/enable", None).await.ok();
    for _ in 0..60 {
        shop.sell("1", 500).await;
        shop.simulator.advance(Duration::from_secs(1)).await.unwrap();
    }
    let first = search("EAAAEpersonal", json!({})).await.ok();
    assert_eq!(first["events"].as_array().map(Vec::len), Some(100));
    let mut found: Vec<Value> = first["events"].as_array().unwrap().clone();
    let next = json!({ "cursor": first["cursor"] });
    found.extend(search("EAAAEpersonal", next).await.ok()["events"].as_array().unwrap().clone());
    assert_eq!(found.len(), 180);
    assert!(
        found.is_sorted_by(|left, right| text(left, "created_at") >= text(right, "created_at"))
    );
    let filter = json!({
        "event_types": ["payment.updated"],
        "merchant_ids": [MERCHANT],
        "location_ids": [shop.locations()[0]],
        "created_at": { "start_at": "2026-06-01T12:00:10Z", "end_at": "2026-06-01T12:00:19Z" },
    });
    let body = json!({ "query": { "filter": filter, "sort": { "order": "ASC" } }, "limit": 100 });
    let found = search("EAAAEpersonal", body).await.ok();
    assert_eq!(found["events"].as_array().map(Vec::len), Some(10), "both ends are included");
    let none = json!({ "query": { "filter": { "location_ids": [shop.locations()[1]] } } });
    assert!(search("EAAAEpersonal", none).await.ok().get("events").is_none());
    let too_many = search("EAAAEpersonal", json!({ "limit": 101 })).await;
    assert_eq!(too_many.error().2, "INVALID_VALUE");

    shop.simulator.advance(Duration::from_secs(29 * 86_400)).await.unwrap();
    shop.sell("1", 500).await;
    let paid = json!({ "query": { "filter": { "event_types": ["payment.created"] } } });
    let left = search("EAAAEpersonal", paid).await.ok();
    assert_eq!(left["events"].as_array().map(Vec::len), Some(1), "28 days are kept");
}

#[tokio::test]
async fn what_a_day_tells_is_what_a_search_finds() {
    let receiver = Receiver::listen().await;
    let shop = Shop::open(receiver.subscribe(small(2), &[])).await;
    shop.send_with("EAAAEpersonal", Method::PUT, "/v2/events/enable", None).await.ok();
    shop.simulator.advance(Duration::from_secs(86_400)).await.unwrap();
    let received = receiver.take();
    let told: HashSet<&str> = received.iter().map(|each| each.text("event_id")).collect();
    let mut found = HashSet::new();
    let mut body = json!({ "limit": 100 });
    loop {
        let page = shop
            .send_with("EAAAEpersonal", Method::POST, "/v2/events", Some(body.clone()))
            .await
            .ok();
        for event in page["events"].as_array().unwrap() {
            found.insert(text(event, "event_id").to_owned());
        }
        let Some(cursor) = page.get("cursor") else { break };
        body["cursor"] = cursor.clone();
    }
    assert!(told.len() > 200, "{}", told.len());
    assert_eq!(told.len(), received.len());
    assert_eq!(found.iter().map(String::as_str).collect::<HashSet<_>>(), told);
}

#[tokio::test]
async fn subscriptions_are_made_listed_rotated_and_deleted() {
    let receiver = Receiver::listen().await;
    let shop = Shop::open(quiet()).await;
    let send = async |method: Method, path: &str, body: Option<Value>| {
        let path = format!("/v2/webhooks/{path}");
        shop.send_with("EAAAEpersonal", method, &path, body).await
    };
    let wanted = json!({ "subscription": { "notification_url": receiver.url, "event_types": ["payment.created"] } });
    let made = send(Method::POST, "subscriptions", Some(wanted)).await.ok();
    let id = text(&made["subscription"], "id").to_owned();
    shop.sell("1", 500).await;
    let received = receiver.take();
    let key = text(&made["subscription"], "signature_key");
    let signature = sign(key, &receiver.url, &received[0].bytes);
    assert_eq!(received[0].header("x-square-hmacsha256-signature"), Some(signature.as_str()));
    let rotated = send(Method::POST, &format!("subscriptions/{id}/signature-key"), None).await.ok();
    assert_ne!(text(&rotated, "signature_key"), key);
    let listed = send(Method::GET, "subscriptions", None).await.ok();
    assert_eq!(listed["subscriptions"].as_array().map(Vec::len), Some(1));
    send(Method::DELETE, &format!("subscriptions/{id}"), None).await.ok();
    shop.sell("1", 500).await;
    assert!(receiver.take().is_empty());
    let bad = json!({ "subscription": { "notification_url": "http://x", "event_types": ["a"] } });
    assert_eq!(send(Method::POST, "subscriptions", Some(bad)).await.error().2, "INVALID_VALUE");
}
