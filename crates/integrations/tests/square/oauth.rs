//! Connecting, looking at what was granted, and disconnecting.

use secrecy::ExposeSecret as _;
use serde_json::json;
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{Connector as _, MissingScope};
use shelfops_integrations::oauth::{
    App, AuthorizeRequest, CodeGrant, PkceVerifier, RevokedScope, TokenError,
};
use shelfops_integrations::square::Square;

use super::fixtures::{dated, error, locations};
use super::server::{Seen, json, status};
use super::shop::{Shop, app, tokens};

fn request(challenge: Option<&str>) -> AuthorizeRequest {
    AuthorizeRequest {
        state: "a state".to_owned(),
        scopes: vec!["ORDERS_READ", "ITEMS_READ"],
        challenge: challenge.map(str::to_owned),
    }
}

#[test]
fn the_tenant_is_sent_with_everything_the_vendor_wants() {
    let flow = Square.oauth().unwrap();
    let app = App { base_url: None, ..app("") };
    assert_eq!(
        flow.authorize_url(&app, &request(None)).unwrap(),
        "https://connect.squareup.com/oauth2/authorize?client_id=sq0idp-test&\
         scope=ORDERS_READ+ITEMS_READ&session=false&state=a+state&\
         redirect_uri=https%3A%2F%2Fshelfops.example%2Fconnected"
    );
    let url = flow.authorize_url(&app, &request(Some("challenge"))).unwrap();
    assert!(url.ends_with("&code_challenge=challenge"), "{url}");
}

#[tokio::test]
async fn a_code_becomes_a_pair_with_a_secret_or_with_pkce() {
    let shop = Shop::open(|_: &Seen| {
        json(json!({
            "access_token": "access-2", "expires_at": "2026-12-22T12:00:00Z", "merchant_id": "M1",
            "refresh_token": "refresh-2", "refresh_token_expires_at": "2027-02-20T12:00:00Z",
        }))
    })
    .await;
    let flow = Square.oauth().unwrap();
    let http = shop.connection.http();
    let verifier = PkceVerifier::new([7; 32]);
    let grant = CodeGrant { code: "sq0cgp-1".into(), verifier: Some(verifier.clone()) };
    let public = App { client_secret: None, ..app(&shop.server.url) };
    let pair = flow.exchange_code(http, &public, &grant).await.unwrap();
    assert_eq!(pair.refresh.unwrap().expose_secret(), "refresh-2");
    assert_eq!(pair.refresh_expires_at.unwrap().to_string(), "2027-02-20T12:00:00Z");
    assert_eq!(pair.granted_by.as_deref(), Some("M1"));
    assert_eq!(
        shop.server.seen()[0].body,
        json!({
            "client_id": "sq0idp-test", "grant_type": "authorization_code", "code": "sq0cgp-1",
            "redirect_uri": "https://shelfops.example/connected",
            "code_verifier": verifier.secret().expose_secret(),
        })
    );
    let grant = CodeGrant { code: "sq0cgp-1".into(), verifier: None };
    flow.exchange_code(http, &app(&shop.server.url), &grant).await.unwrap();
    assert_eq!(shop.server.seen()[1].body["client_secret"], "app-secret");
}

#[tokio::test]
async fn a_code_that_was_used_needs_a_new_authorisation() {
    let shop =
        Shop::open(|_: &Seen| status(401, error("AUTHENTICATION_ERROR", "UNAUTHORIZED"))).await;
    let grant = CodeGrant { code: "sq0cgp-1".into(), verifier: None };
    let flow = Square.oauth().unwrap();
    let app = shop.connection.app();
    let error = flow.exchange_code(shop.connection.http(), app, &grant).await.unwrap_err();
    assert!(matches!(error, TokenError::ReconnectNeeded { .. }), "{error}");
    assert_eq!(shop.server.seen().len(), 1);
}

#[tokio::test]
async fn a_grant_is_revoked_with_the_apps_own_secret() {
    let shop = Shop::open(|_: &Seen| json(json!({ "success": true }))).await;
    let flow = Square.oauth().unwrap();
    let (http, app) = (shop.connection.http(), shop.connection.app());
    flow.revoke(http, app, &tokens(30), RevokedScope::WholeGrant).await.unwrap();
    let seen = &shop.server.seen()[0];
    assert_eq!(
        (seen.path(), seen.header("authorization")),
        ("/oauth2/revoke", Some("Client app-secret"))
    );
    assert_eq!(
        seen.body,
        json!({
            "client_id": "sq0idp-test", "access_token": "access-1",
            "revoke_only_access_token": false,
        })
    );
}

#[tokio::test]
async fn without_a_secret_a_grant_is_not_given_back_and_it_is_said_who_can() {
    let shop = Shop::open(|_: &Seen| json(json!({ "success": true }))).await;
    let flow = Square.oauth().unwrap();
    let public = App { client_secret: None, ..app(&shop.server.url) };
    for scope in [RevokedScope::AccessToken, RevokedScope::WholeGrant] {
        let refused = flow.revoke(shop.connection.http(), &public, &tokens(30), scope).await;
        let error = refused.unwrap_err();
        assert!(matches!(error, TokenError::OnlyByTenant { .. }), "{error}");
        let told = error.to_string();
        assert!(told.contains("goes on") && told.contains("Square Dashboard"), "{told}");
    }
    assert!(shop.server.seen().is_empty(), "nobody is asked with an empty secret");
}

#[tokio::test]
async fn a_check_that_may_not_list_stores_says_everything_that_is_missing() {
    let shop = Shop::open(|seen: &Seen| match seen.path() {
        "/oauth2/token/status" => json(json!({
            "scopes": ["ITEMS_READ", "ORDERS_READ", "PAYMENTS_READ"], "client_id": "x",
            "merchant_id": "MLMERCHANT001",
        })),
        _ => status(403, error("AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES")),
    })
    .await;
    let report = Square.check(shop.connection.clone()).await.unwrap();
    assert_eq!(report.store_count, None);
    let missing: Vec<_> = report.missing.iter().map(|one| (one.stream, one.scope)).collect();
    assert_eq!(
        missing,
        [
            (Stream::Stores, "MERCHANT_PROFILE_READ"),
            (Stream::Suppliers, "VENDOR_READ"),
            (Stream::Transactions, "MERCHANT_PROFILE_READ"),
            (Stream::Inventory, "INVENTORY_READ"),
        ]
    );
}

#[tokio::test]
async fn a_check_that_is_refused_though_everything_is_granted_fails() {
    let shop = Shop::open(|seen: &Seen| match seen.path() {
        "/oauth2/token/status" => json(json!({ "scopes": [
            "MERCHANT_PROFILE_READ", "ITEMS_READ", "VENDOR_READ", "ORDERS_READ", "PAYMENTS_READ",
            "INVENTORY_READ",
        ]})),
        _ => status(403, error("AUTHENTICATION_ERROR", "FORBIDDEN")),
    })
    .await;
    let error = Square.check(shop.connection.clone()).await.unwrap_err();
    assert!(error.to_string().contains("MERCHANT_PROFILE_READ"), "{error}");
}

#[tokio::test]
async fn a_check_says_which_stream_lacks_which_scope() {
    let shop = Shop::open(|seen: &Seen| match seen.path() {
        "/oauth2/token/status" => json(json!({
            "scopes": ["MERCHANT_PROFILE_READ", "ITEMS_READ", "ORDERS_READ", "INVENTORY_READ"],
            "expires_at": "2026-12-22T12:00:00Z", "client_id": "x", "merchant_id": "MLMERCHANT001",
        })),
        _ => dated(locations(&["L1", "L2"])),
    })
    .await;
    let report = Square.check(shop.connection.clone()).await.unwrap();
    assert_eq!(report.store_count, Some(2));
    assert_eq!(report.granted_by.as_deref(), Some("MLMERCHANT001"));
    let missing = |stream, scope| MissingScope { stream, scope };
    assert_eq!(
        report.missing,
        [missing(Stream::Suppliers, "VENDOR_READ"), missing(Stream::Transactions, "PAYMENTS_READ")]
    );
}
