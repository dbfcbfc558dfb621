//! How many requests are let through.

use std::time::Duration;

use shelfops_simulators::square::{GrantRequest, MerchantConfig, ThrottleClock, ThrottleConfig};

use super::client::{Shop, quiet};

#[tokio::test]
async fn a_burst_passes_and_then_a_rate_for_each_merchant() {
    let mut config = quiet();
    config.throttle = Some(ThrottleConfig {
        burst: 5,
        per_second: 2,
        by: ThrottleClock::Simulated,
        retry_after_seconds: Some(1),
    });
    let other = MerchantConfig { id: "MLOTHER".to_owned(), ..config.merchants[0].clone() };
    config.merchants.push(other);
    let shop = Shop::open(config).await;
    for _ in 0..5 {
        shop.get("/v2/locations").await.ok();
    }
    let refused = shop.get("/v2/locations").await;
    assert_eq!(refused.error(), (429, "RATE_LIMIT_ERROR", "RATE_LIMITED"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    let request = GrantRequest { merchant_id: "MLOTHER".to_owned(), ..GrantRequest::default() };
    let token = shop.simulator.grant(&request).unwrap().access_token;
    shop.send_with(&token, reqwest::Method::GET, "/v2/locations", None).await.ok();
    shop.simulator.advance(Duration::from_secs(1)).await.unwrap();
    for _ in 0..2 {
        shop.get("/v2/locations").await.ok();
    }
    assert_eq!(shop.get("/v2/locations").await.status, 429);
}

#[tokio::test]
async fn a_merchants_token_shows_nothing_of_another() {
    let mut config = quiet();
    let other = MerchantConfig { id: "MLOTHER".to_owned(), ..config.merchants[0].clone() };
    config.merchants.push(other);
    let shop = Shop::open(config).await;
    let id = shop.sell("1", 500).await;
    let request = GrantRequest { merchant_id: "MLOTHER".to_owned(), ..GrantRequest::default() };
    let token = shop.simulator.grant(&request).unwrap().access_token;
    let path = format!("/v2/orders/{id}");
    let answer = shop.send_with(&token, reqwest::Method::GET, &path, None).await;
    assert_eq!(answer.status, 404);
    let path = format!("/v2/locations/{}", shop.locations()[0]);
    let answer = shop.send_with(&token, reqwest::Method::GET, &path, None).await;
    assert_eq!(answer.status, 404);
}
