//! Every endpoint needs its scope, and says which.

use reqwest::Method;
use serde_json::json;
use shelfops_simulators::square::GrantRequest;

use super::client::{MERCHANT, Shop, quiet};

#[tokio::test]
async fn an_endpoint_without_its_scope_is_forbidden_and_with_it_alone_is_not() {
    let shop = Shop::open(quiet()).await;
    let location = shop.locations()[0].clone();
    let orders = json!({ "location_ids": [location] });
    let endpoints = [
        (Method::GET, "/v2/merchants/me", None, "MERCHANT_PROFILE_READ"),
        (Method::GET, "/v2/locations", None, "MERCHANT_PROFILE_READ"),
        (Method::GET, "/v2/locations/main", None, "MERCHANT_PROFILE_READ"),
        (Method::GET, "/v2/catalog/list", None, "ITEMS_READ"),
        (Method::POST, "/v2/catalog/search", Some(json!({})), "ITEMS_READ"),
        (
            Method::POST,
            "/v2/catalog/batch-retrieve",
            Some(json!({ "object_ids": [] })),
            "ITEMS_READ",
        ),
        (Method::POST, "/v2/orders/search", Some(orders), "ORDERS_READ"),
        (
            Method::POST,
            "/v2/orders/batch-retrieve",
            Some(json!({ "order_ids": [] })),
            "ORDERS_READ",
        ),
        (Method::GET, "/v2/payments", None, "PAYMENTS_READ"),
        (Method::GET, "/v2/refunds", None, "PAYMENTS_READ"),
        (Method::POST, "/v2/inventory/counts/batch-retrieve", Some(json!({})), "INVENTORY_READ"),
        (Method::POST, "/v2/inventory/changes/batch-retrieve", Some(json!({})), "INVENTORY_READ"),
        (Method::POST, "/v2/vendors/search", Some(json!({})), "VENDOR_READ"),
    ];
    let scopes = [
        "MERCHANT_PROFILE_READ",
        "ITEMS_READ",
        "ORDERS_READ",
        "PAYMENTS_READ",
        "INVENTORY_READ",
        "VENDOR_READ",
    ];
    for (method, path, body, needed) in endpoints {
        let with = |scopes: Vec<String>| {
            let request = GrantRequest {
                merchant_id: MERCHANT.to_owned(),
                scopes: Some(scopes),
                ..GrantRequest::default()
            };
            shop.simulator.grant(&request).unwrap().access_token
        };
        let all_others = scopes.iter().filter(|scope| **scope != needed);
        let without = with(all_others.map(|scope| (*scope).to_owned()).collect());
        let refused = shop.send_with(&without, method.clone(), path, body.clone()).await;
        assert_eq!(refused.error(), (403, "AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES"), "{path}");
        let alone = with(vec![needed.to_owned()]);
        shop.send_with(&alone, method, path, body).await.ok();
    }
}

#[tokio::test]
async fn the_version_is_echoed_and_must_be_a_date() {
    let shop = Shop::open(quiet()).await;
    let answer = shop.get("/v2/locations").await;
    assert_eq!(answer.header("square-version"), Some("2026-09-16"));
    let url = format!("{}/v2/locations", shop.simulator.url());
    let send = async |version: Option<&str>| {
        let bearer = format!("Bearer {}", shop.token);
        let mut request = shop.client.get(&url).header("authorization", bearer);
        if let Some(version) = version {
            request = request.header("square-version", version);
        }
        request.send().await.unwrap()
    };
    let named = send(Some("2025-01-23")).await;
    assert_eq!(named.headers()["square-version"], "2025-01-23");
    assert_eq!(send(None).await.headers()["square-version"], "2026-09-16");
    assert_eq!(send(Some("newest")).await.status(), 400);
}
