//! A merchant consents, and the application gets its tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shelfops_simulators::square::{Environment, Simulator, SimulatorHandle, SquareConfig};

use super::client::{Answer, MERCHANT, plain_client, quiet, text};

const CLIENT: &str = "sandbox-sq0idb-shelf";
const SECRET: &str = "sandbox-sq0csb-secret";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";

async fn get(simulator: &SimulatorHandle, query: &str) -> reqwest::Response {
    let url = format!("{}/oauth2/authorize?{query}", simulator.url());
    plain_client().get(url).send().await.unwrap()
}

async fn token(simulator: &SimulatorHandle, body: Value) -> Answer {
    let url = format!("{}/oauth2/token", simulator.url());
    let request = plain_client().post(url).header("content-type", "application/json");
    Answer::of(request.body(body.to_string()).send().await.unwrap()).await
}

/// Follows the authorization of a configuration that consents by itself, and returns the code.
async fn code(simulator: &SimulatorHandle, extra: &str) -> String {
    let query = format!("client_id={CLIENT}&scope=ORDERS_READ+ITEMS_READ&state=s1{extra}");
    let response = get(simulator, &query).await;
    assert_eq!(response.status(), 302);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let url = reqwest::Url::parse(&location).unwrap();
    let field = |name: &str| {
        url.query_pairs().find(|(each, _)| each == name).map(|(_, value)| value.into_owned())
    };
    assert_eq!(field("state").as_deref(), Some("s1"));
    assert_eq!(field("response_type").as_deref(), Some("code"));
    field("code").unwrap()
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()))
}

async fn consenting() -> SimulatorHandle {
    let config = SquareConfig { auto_approve: Some(MERCHANT.to_owned()), ..quiet() };
    Simulator::start(config).await.unwrap()
}

#[tokio::test]
async fn a_person_sees_a_page_with_buttons_and_may_deny() {
    let simulator = Simulator::start(quiet()).await.unwrap();
    let response =
        get(&simulator, &format!("client_id={CLIENT}&scope=ORDERS_READ&state=a%22b")).await;
    assert_eq!(response.status(), 200);
    let page = response.text().await.unwrap();
    assert!(page.contains("Shelf reader asks for access"), "{page}");
    assert!(page.contains("<li>ORDERS_READ</li>") && page.contains("value=\"a&quot;b\""), "{page}");

    let url = format!("{}/oauth2/authorize", simulator.url());
    let form = |decision: &str| {
        format!(
            "client_id={CLIENT}&scope=ORDERS_READ&state=x&merchant_id={MERCHANT}&decision={decision}"
        )
    };
    let send = async |decision: &str| {
        let request = plain_client().post(&url).body(form(decision));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 302);
        response.headers()["location"].to_str().unwrap().to_owned()
    };
    let denied = send("deny").await;
    assert!(denied.starts_with("http://localhost/callback?error=access_denied"), "{denied}");
    assert!(denied.contains("error_description=user_denied") && denied.ends_with("state=x"));
    let allowed = send("allow").await;
    assert!(allowed.contains("code=sq0cgp-"), "{allowed}");
}

#[tokio::test]
async fn a_wrong_client_redirect_or_scope_gets_a_page_and_no_redirect() {
    let simulator = consenting().await;
    for query in [
        "scope=ORDERS_READ".to_owned(),
        "client_id=nobody".to_owned(),
        format!("client_id={CLIENT}&redirect_uri=http://localhost/other"),
        format!("client_id={CLIENT}&scope=EVERYTHING"),
    ] {
        assert_eq!(get(&simulator, &query).await.status(), 400, "{query}");
    }
    let mut config = quiet();
    config.environment = Environment::Production;
    config.auto_approve = Some(MERCHANT.to_owned());
    config.applications[0].redirect_urls = vec!["https://example.com/cb".to_owned()];
    let production = Simulator::start(config).await.unwrap();
    let query = format!("client_id={CLIENT}");
    assert_eq!(get(&production, &query).await.status(), 400, "session=false is missing");
    assert_eq!(get(&production, &format!("{query}&session=false")).await.status(), 302);
}

#[tokio::test]
async fn a_code_is_good_once_and_for_five_minutes_and_only_with_the_secret() {
    let simulator = consenting().await;
    let exchange = |code: &str, secret: &str| json!({ "client_id": CLIENT, "client_secret": secret, "grant_type": "authorization_code", "code": code });
    let first = code(&simulator, "").await;
    let wrong = token(&simulator, exchange(&first, "wrong")).await;
    assert_eq!(wrong.error(), (401, "AUTHENTICATION_ERROR", "UNAUTHORIZED"));
    let issued = token(&simulator, exchange(&first, SECRET)).await.ok();
    assert_eq!((text(&issued, "token_type"), text(&issued, "merchant_id")), ("bearer", MERCHANT));
    assert_eq!(text(&issued, "expires_at"), "2026-07-01T12:00:00Z", "30 days after the start");
    assert!(issued.get("refresh_token_expires_at").is_none());
    assert_eq!(token(&simulator, exchange(&first, SECRET)).await.status, 401, "used");

    let late = code(&simulator, "").await;
    simulator.advance(std::time::Duration::from_secs(301)).await.unwrap();
    assert_eq!(token(&simulator, exchange(&late, SECRET)).await.status, 401, "too late");
}

#[tokio::test]
async fn a_redirect_that_was_named_must_be_named_again() {
    let simulator = consenting().await;
    let named = "&redirect_uri=http%3A%2F%2Flocalhost%2Fcallback";
    let mut body =
        json!({ "client_id": CLIENT, "client_secret": SECRET, "grant_type": "authorization_code" });
    body["code"] = code(&simulator, named).await.into();
    assert_eq!(token(&simulator, body.clone()).await.status, 400);
    body["code"] = code(&simulator, named).await.into();
    body["redirect_uri"] = "http://localhost/callback".into();
    token(&simulator, body).await.ok();
}

#[tokio::test]
async fn without_a_secret_the_verifier_proves_the_client_and_refresh_tokens_rotate() {
    let simulator = consenting().await;
    let extra = format!("&code_challenge={}", challenge());
    let exchange = |code: &str, verifier: &str| json!({ "client_id": CLIENT, "grant_type": "authorization_code", "code": code, "code_verifier": verifier });
    let first = code(&simulator, &extra).await;
    assert_eq!(token(&simulator, exchange(&first, "another")).await.status, 401);
    let second = code(&simulator, &extra).await;
    let issued = token(&simulator, exchange(&second, VERIFIER)).await.ok();
    assert_eq!(text(&issued, "refresh_token_expires_at"), "2026-08-30T12:00:00Z", "90 days");

    let renew = |refresh: &str| json!({ "client_id": CLIENT, "grant_type": "refresh_token", "refresh_token": refresh });
    let old = text(&issued, "refresh_token");
    let renewed = token(&simulator, renew(old)).await.ok();
    assert_ne!(text(&renewed, "refresh_token"), old);
    assert_eq!(token(&simulator, renew(old)).await.status, 401, "a spent token stays spent");
    token(&simulator, renew(text(&renewed, "refresh_token"))).await.ok();
}
