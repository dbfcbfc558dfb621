//! The control endpoints do what the handle does.

use reqwest::Method;
use serde_json::{Value, json};
use shelfops_simulators::square::{
    ControlState, FaultPlan, MerchantConfig, Oracle, OracleTotals, Simulator, SquareConfig, serve,
};

use super::client::{Answer, MERCHANT, Shop, quiet, text};

async fn control(shop: &Shop, method: Method, path: &str, body: Option<Value>) -> Answer {
    shop.send(method, &format!("/_control/{path}"), body).await
}

#[tokio::test]
async fn state_clock_grants_and_the_oracle_are_there_over_http() {
    let shop = Shop::open(quiet()).await;
    let state: ControlState =
        serde_json::from_value(control(&shop, Method::GET, "state", None).await.ok()).unwrap();
    assert_eq!(state, shop.simulator.state());
    let clock = json!({ "advance_seconds": 60 });
    let clock = control(&shop, Method::POST, "clock", Some(clock)).await.ok();
    assert_eq!(text(&clock, "now"), "2026-06-01T12:01:00.000Z");
    let back = json!({ "set": "2026-06-01T12:00:00Z" });
    assert_eq!(control(&shop, Method::POST, "clock", Some(back)).await.status, 400);
    let grant = json!({ "merchant_id": MERCHANT, "scopes": ["ORDERS_READ"] });
    let granted = control(&shop, Method::POST, "grants", Some(grant)).await.ok();
    let token = text(&granted, "access_token");
    let refused = shop.send_with(token, Method::GET, "/v2/locations", None).await;
    assert_eq!(refused.status, 403);
    let path = format!("oracle/{MERCHANT}");
    let oracle = control(&shop, Method::GET, &path, None).await.ok();
    let oracle: Oracle = serde_json::from_value(oracle).unwrap();
    assert_eq!(oracle, shop.simulator.oracle(MERCHANT).await.unwrap());
    let totals = control(&shop, Method::GET, &format!("{path}/totals"), None).await.ok();
    let totals: OracleTotals = serde_json::from_value(totals).unwrap();
    assert_eq!(totals, oracle.totals);
    assert_eq!(control(&shop, Method::GET, "oracle/nobody", None).await.status, 404);
}

#[tokio::test]
async fn things_are_made_to_happen_and_written_down() {
    let shop = Shop::open(quiet()).await;
    let mut sale = serde_json::to_value(shop.sale("1", 900).await).unwrap();
    sale["do"] = "sale".into();
    let path = format!("merchants/{MERCHANT}/force");
    let made = control(&shop, Method::POST, &path, Some(sale)).await.ok();
    assert_eq!(text(&shop.order(text(&made, "id")).await, "state"), "COMPLETED");
    let unknown = json!({ "do": "cancel_order", "order_id": "Onothing" });
    assert_eq!(control(&shop, Method::POST, &path, Some(unknown)).await.status, 404);
    let plan = json!({ "seed": 3, "requests": [{ "fault": "html_success", "per_mille": 1000, "path_prefix": "/v2/" }] });
    control(&shop, Method::PUT, "faults", Some(plan)).await.ok();
    assert!(shop.get("/v2/locations").await.body.is_string());
    let shown = control(&shop, Method::GET, "faults", None).await.ok();
    let shown: FaultPlan = serde_json::from_value(shown).unwrap();
    assert_eq!((shown.seed, shown.requests.len()), (3, 1));
    let log = control(&shop, Method::GET, "requests", None).await.ok();
    let last = log.as_array().unwrap().last().unwrap().clone();
    assert_eq!((text(&last, "path"), text(&last, "fault")), ("/v2/locations", "html_success"));
}

#[tokio::test]
async fn impossible_configurations_are_refused_with_the_field_to_change() {
    let refusal = async |change: fn(&mut SquareConfig)| {
        let mut config = quiet();
        change(&mut config);
        Simulator::start(config).await.unwrap_err().to_string()
    };
    assert!(refusal(|config| config.merchants.clear()).await.starts_with("merchants "));
    let twice = refusal(|config| config.merchants.push(config.merchants[0].clone())).await;
    assert!(twice.starts_with("merchants "));
    assert!(refusal(|config| config.speed = -1.0).await.starts_with("speed "));
    let nobody = refusal(|config| config.auto_approve = Some("x".to_owned())).await;
    assert!(nobody.starts_with("auto_approve "));
    let stores = refusal(|config| config.merchants[0].store_count = 0).await;
    assert!(stores.starts_with("merchants.store_count "), "{stores}");
    let config: Result<SquareConfig, _> = serde_json::from_str(r#"{ "sed": 1 }"#);
    assert!(config.is_err(), "unknown fields are refused");
    let config: SquareConfig = serde_json::from_str(r#"{ "seed": 7 }"#).unwrap();
    assert_eq!((config.seed, config.merchants), (7, vec![MerchantConfig::default()]));
}

#[tokio::test]
async fn serving_ends_when_it_is_told_to() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(
        quiet(),
        |address| {
            tell.send(address).unwrap();
        },
        async {
            stopped.await.unwrap();
        },
    ));
    let address = told.await.unwrap();
    let url = format!("http://{address}/_control/state");
    let client = super::client::plain_client();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(client.get(&url).send().await.is_err());
}
