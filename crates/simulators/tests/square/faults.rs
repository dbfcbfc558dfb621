//! Each fault, as a client sees it.

use std::time::{Duration, Instant};

use serde_json::json;
use shelfops_simulators::square::{FaultKind, FaultPlan, RequestFault};

use super::client::{Shop, quiet};

fn always(fault: FaultKind) -> FaultPlan {
    let fault = RequestFault {
        fault,
        per_mille: 1_000,
        path_prefix: "/v2/".to_owned(),
        skip: 0,
        times: Some(1),
    };
    FaultPlan { seed: 1, requests: vec![fault], ..FaultPlan::default() }
}

async fn raw(shop: &Shop) -> Result<reqwest::Response, reqwest::Error> {
    let url = format!("{}/v2/locations", shop.simulator.url());
    shop.client.get(url).header("authorization", format!("Bearer {}", shop.token)).send().await
}

#[tokio::test]
async fn too_many_requests_come_in_the_envelope_with_and_without_a_wait() {
    let shop = Shop::open(quiet()).await;
    shop.set_faults(always(FaultKind::RateLimited { retry_after_seconds: Some(7) }));
    let answer = shop.get("/v2/locations").await;
    assert_eq!(answer.error(), (429, "RATE_LIMIT_ERROR", "RATE_LIMITED"));
    assert_eq!(answer.header("retry-after"), Some("7"));
    shop.get("/v2/locations").await.ok();
    shop.set_faults(always(FaultKind::RateLimited { retry_after_seconds: None }));
    assert_eq!(shop.get("/v2/locations").await.header("retry-after"), None);
}

#[tokio::test]
async fn the_vendors_side_fails_in_json_and_in_html() {
    let shop = Shop::open(quiet()).await;
    for (status, code) in
        [(500, "INTERNAL_SERVER_ERROR"), (503, "SERVICE_UNAVAILABLE"), (504, "GATEWAY_TIMEOUT")]
    {
        shop.set_faults(always(FaultKind::ServerError { status }));
        assert_eq!(shop.get("/v2/locations").await.error(), (status, "API_ERROR", code));
    }
    for (fault, status) in
        [(FaultKind::HtmlError { status: 502 }, 502), (FaultKind::HtmlSuccess, 200)]
    {
        shop.set_faults(always(fault));
        let answer = shop.get("/v2/locations").await;
        assert_eq!(answer.status, status);
        assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        assert!(answer.body.as_str().unwrap().starts_with("<!DOCTYPE html>"));
    }
}

#[tokio::test]
async fn answers_come_late_but_right() {
    let shop = Shop::open(quiet()).await;
    shop.set_faults(always(FaultKind::Slow { milliseconds: 300 }));
    let started = Instant::now();
    shop.get("/v2/locations").await.ok();
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn connections_end_before_the_answer_does() {
    let shop = Shop::open(quiet()).await;
    for after_bytes in [0, 40, 100_000] {
        shop.set_faults(always(FaultKind::CutConnection { after_bytes }));
        let whole = match raw(&shop).await {
            Ok(response) => response.bytes().await.is_ok(),
            Err(_) => false,
        };
        assert!(!whole, "{after_bytes}");
    }
    shop.get("/v2/locations").await.ok();
}

#[tokio::test]
async fn json_ends_in_the_middle_and_nothing_else_shows_it() {
    let shop = Shop::open(quiet()).await;
    shop.set_faults(always(FaultKind::TruncatedJson));
    let response = raw(&shop).await.unwrap();
    assert_eq!(response.status(), 200);
    let bytes = response.bytes().await.unwrap();
    assert!(bytes.starts_with(b"{\"locations\":[") && bytes.len() > 100);
    assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_err());
}

#[tokio::test]
async fn tokens_expire_for_once_or_are_revoked_for_good() {
    let shop = Shop::open(quiet()).await;
    shop.set_faults(always(FaultKind::ExpiredToken));
    assert_eq!(shop.get("/v2/locations").await.error().2, "ACCESS_TOKEN_EXPIRED");
    shop.get("/v2/locations").await.ok();
    shop.set_faults(always(FaultKind::RevokedToken));
    for _ in 0..2 {
        assert_eq!(shop.get("/v2/locations").await.error().2, "ACCESS_TOKEN_REVOKED");
    }
}

#[tokio::test]
async fn the_same_seed_and_requests_give_the_same_faults() {
    let statuses = async |seed: u64| {
        let shop = Shop::open(quiet()).await;
        let fault = |fault, per_mille| RequestFault {
            fault,
            per_mille,
            path_prefix: String::new(),
            skip: 2,
            times: None,
        };
        let requests = vec![
            fault(FaultKind::RateLimited { retry_after_seconds: None }, 200),
            fault(FaultKind::ServerError { status: 503 }, 200),
            fault(FaultKind::HtmlSuccess, 100),
        ];
        shop.set_faults(FaultPlan { seed, requests, ..FaultPlan::default() });
        let mut statuses = Vec::new();
        for _ in 0..60 {
            let answer = shop.post("/v2/vendors/search", json!({})).await;
            statuses.push((answer.status, answer.body.is_object()));
        }
        let faults: Vec<_> = shop.simulator.requests().into_iter().map(|each| each.fault).collect();
        (statuses, faults)
    };
    let first = statuses(8).await;
    assert_eq!(statuses(8).await, first);
    assert_ne!(statuses(9).await, first);
    assert_eq!(first.0[..2], [(200, true), (200, true)]);
    for status in [(200, true), (429, true), (503, true), (200, false)] {
        assert!(first.0.contains(&status), "{status:?}");
    }
}
