//! Tokens age, are renewed, and end.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shelfops_simulators::square::GrantRequest;

use super::client::{Answer, MERCHANT, Shop, quiet, text};

const CLIENT: &str = "sandbox-sq0idb-shelf";
const SECRET: &str = "sandbox-sq0csb-secret";
const DAY: u64 = 86_400;

async fn post(shop: &Shop, path: &str, authorization: &str, body: Value) -> Answer {
    let url = format!("{}{path}", shop.simulator.url());
    let request = shop.client.post(url).header("authorization", authorization);
    let request = request.header("content-type", "application/json").body(body.to_string());
    Answer::of(request.send().await.unwrap()).await
}

async fn renew(shop: &Shop, body: Value) -> Answer {
    let mut request =
        json!({ "client_id": CLIENT, "client_secret": SECRET, "grant_type": "refresh_token" });
    for (name, value) in body.as_object().unwrap() {
        request[name] = value.clone();
    }
    post(shop, "/oauth2/token", "", request).await
}

#[tokio::test]
async fn with_a_secret_the_refresh_token_stays_and_may_be_used_again() {
    let shop = Shop::open(quiet()).await;
    let request = GrantRequest { merchant_id: MERCHANT.to_owned(), ..GrantRequest::default() };
    let granted = shop.simulator.grant(&request).unwrap();
    let refresh = json!({ "refresh_token": granted.refresh_token });
    let first = renew(&shop, refresh.clone()).await.ok();
    let second = renew(&shop, refresh.clone()).await.ok();
    assert_eq!(text(&first, "refresh_token"), granted.refresh_token);
    assert_eq!(text(&second, "refresh_token"), granted.refresh_token);
    assert_ne!(text(&first, "access_token"), text(&second, "access_token"));
    shop.simulator.advance(Duration::from_secs(400 * DAY)).await.unwrap();
    renew(&shop, refresh).await.ok();
}

#[tokio::test]
async fn access_ends_after_thirty_days_or_one_and_says_so() {
    let shop = Shop::open(quiet()).await;
    let request = GrantRequest { merchant_id: MERCHANT.to_owned(), ..GrantRequest::default() };
    let granted = shop.simulator.grant(&request).unwrap();
    let short = json!({ "refresh_token": granted.refresh_token, "short_lived": true });
    let short = renew(&shop, short).await.ok();
    assert_eq!(short["short_lived"], true);
    shop.simulator.advance(Duration::from_secs(DAY)).await.unwrap();
    let short = text(&short, "access_token");
    let answer = shop.send_with(short, Method::GET, "/v2/locations", None).await;
    assert_eq!(answer.error(), (401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED"));
    shop.get("/v2/locations").await.ok();
    shop.simulator.advance(Duration::from_secs(29 * DAY)).await.unwrap();
    assert_eq!(shop.get("/v2/locations").await.error().2, "ACCESS_TOKEN_EXPIRED");
    let unknown = shop.send_with("EAAAnobody", Method::GET, "/v2/locations", None).await;
    assert_eq!(unknown.error(), (401, "AUTHENTICATION_ERROR", "UNAUTHORIZED"));
}

#[tokio::test]
async fn scopes_can_be_narrowed_on_refresh_and_never_widened() {
    let shop = Shop::open(quiet()).await;
    let request = GrantRequest {
        merchant_id: MERCHANT.to_owned(),
        scopes: Some(vec!["ORDERS_READ".to_owned(), "ITEMS_READ".to_owned()]),
        ..GrantRequest::default()
    };
    let refresh = shop.simulator.grant(&request).unwrap().refresh_token;
    let wider = json!({ "refresh_token": refresh, "scopes": ["PAYMENTS_READ"] });
    assert_eq!(renew(&shop, wider).await.status, 400);
    let narrow = json!({ "refresh_token": refresh, "scopes": ["ITEMS_READ"] });
    let narrow = renew(&shop, narrow).await.ok();
    let status = format!("Bearer {}", text(&narrow, "access_token"));
    let status = post(&shop, "/oauth2/token/status", &status, json!({})).await.ok();
    assert_eq!(status["scopes"], json!(["ITEMS_READ"]));
    assert_eq!((text(&status, "client_id"), text(&status, "merchant_id")), (CLIENT, MERCHANT));
}

#[tokio::test]
async fn revoking_ends_one_token_or_all_of_a_merchant() {
    let shop = Shop::open(quiet()).await;
    let request = GrantRequest { merchant_id: MERCHANT.to_owned(), ..GrantRequest::default() };
    let other = shop.simulator.grant(&request).unwrap();
    let revoke = async |authorization: &str, body: Value| {
        post(&shop, "/oauth2/revoke", authorization, body).await
    };
    let secret = format!("Client {SECRET}");
    let one = json!({ "client_id": CLIENT, "access_token": other.access_token, "revoke_only_access_token": true });
    assert_eq!(revoke("Client wrong", one.clone()).await.status, 401);
    assert_eq!(revoke(&secret, one).await.ok(), json!({ "success": true }));
    let gone = shop.send_with(&other.access_token, Method::GET, "/v2/locations", None).await;
    assert_eq!(gone.error().2, "ACCESS_TOKEN_REVOKED");
    shop.get("/v2/locations").await.ok();

    let both = json!({ "client_id": CLIENT, "access_token": shop.token, "merchant_id": MERCHANT });
    assert_eq!(revoke(&secret, both).await.status, 400, "exactly one of both");
    revoke(&secret, json!({ "client_id": CLIENT, "merchant_id": MERCHANT })).await.ok();
    assert_eq!(shop.get("/v2/locations").await.error().2, "ACCESS_TOKEN_REVOKED");
    let refresh = json!({ "refresh_token": other.refresh_token });
    assert_eq!(renew(&shop, refresh).await.status, 401);
}
