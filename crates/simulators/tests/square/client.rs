//! A plain client: it sends what it is told and gives back what it gets.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shelfops_simulators::square::{
    FaultPlan, Force, ForcedLine, ForcedSale, GrantRequest, MerchantConfig, Simulator,
    SimulatorHandle, SquareConfig,
};

/// The merchant that configurations have by default.
pub(crate) const MERCHANT: &str = "MLMERCHANT001";

/// A simulator with a token for its merchant.
pub(crate) struct Shop {
    pub(crate) simulator: SimulatorHandle,
    pub(crate) token: String,
    pub(crate) client: reqwest::Client,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

/// Returns a small merchant that has traded for some days.
pub(crate) fn small(history_days: u16) -> SquareConfig {
    let merchant = MerchantConfig {
        store_count: 3,
        item_count: 40,
        orders_per_day: 120,
        history_days,
        ..MerchantConfig::default()
    };
    SquareConfig { merchants: vec![merchant], throttle: None, ..SquareConfig::default() }
}

/// Returns a merchant to whom only happens what a test makes happen.
pub(crate) fn quiet() -> SquareConfig {
    let mut config = small(1);
    config.merchants[0].orders_per_day = 0;
    config
}

impl Shop {
    pub(crate) async fn open(config: SquareConfig) -> Self {
        let merchant_id = config.merchants[0].id.clone();
        let simulator = Simulator::start(config).await.unwrap();
        let request = GrantRequest { merchant_id, ..GrantRequest::default() };
        let token = simulator.grant(&request).unwrap().access_token;
        let client = plain_client();
        Self { simulator, token, client }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send_with(&self.token, method, path, body).await
    }

    pub(crate) async fn send_with(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let url = format!("{}{path}", self.simulator.url());
        let mut request = self
            .client
            .request(method, url)
            .header("authorization", format!("Bearer {token}"))
            .header("square-version", "2026-09-16");
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Reads every page of a listing that takes its request in the body.
    pub(crate) async fn post_all(&self, path: &str, body: Value, field: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let mut body = body.clone();
            if let Some(cursor) = cursor {
                body["cursor"] = cursor;
            }
            let answer = self.post(path, body).await.ok();
            all.extend(answer[field].as_array().cloned().unwrap_or_default());
            match answer.get("cursor") {
                Some(next) => cursor = Some(next.clone()),
                None => return all,
            }
        }
    }

    /// Reads every page of a listing that takes its request in the query.
    pub(crate) async fn get_all(&self, path: &str, field: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = if cursor.is_empty() {
                path.to_owned()
            } else {
                format!("{path}{joint}cursor={cursor}")
            };
            let answer = self.get(&page).await.ok();
            all.extend(answer[field].as_array().cloned().unwrap_or_default());
            match answer.get("cursor").and_then(Value::as_str) {
                Some(next) => next.clone_into(&mut cursor),
                None => return all,
            }
        }
    }

    /// Reads every order of every store, by time of update.
    pub(crate) async fn all_orders(&self) -> Vec<Value> {
        let sort = json!({ "sort_field": "UPDATED_AT", "sort_order": "ASC" });
        let filter =
            json!({ "date_time_filter": { "updated_at": { "start_at": "2020-01-01T00:00:00Z" } } });
        let body = json!({
            "location_ids": self.locations(),
            "query": { "filter": filter, "sort": sort },
        });
        self.post_all("/v2/orders/search", body, "orders").await
    }

    pub(crate) fn locations(&self) -> Vec<String> {
        self.simulator.state().merchants[0].location_ids.clone()
    }

    pub(crate) fn set_faults(&self, plan: FaultPlan) {
        self.simulator.set_faults(plan).unwrap();
    }

    pub(crate) async fn force(&self, force: Force) -> Option<String> {
        let merchant_id = self.simulator.state().merchants[0].merchant_id.clone();
        self.simulator.force(&merchant_id, &force).await.unwrap()
    }

    /// Sells some of the first variation that has a price, for a price of its own.
    pub(crate) async fn sell(&self, quantity: &str, unit_price: u32) -> String {
        let sale = self.sale(quantity, unit_price).await;
        self.force(Force::Sale(sale)).await.unwrap()
    }

    pub(crate) async fn sale(&self, quantity: &str, unit_price: u32) -> ForcedSale {
        let oracle = self.simulator.oracle(MERCHANT).await.unwrap();
        let product = oracle
            .products
            .iter()
            .find(|product| !product.is_deleted && product.price.is_some())
            .unwrap();
        ForcedSale {
            location_id: self.locations()[0].clone(),
            lines: vec![ForcedLine {
                variation_id: Some(product.variation_id.clone()),
                quantity: quantity.to_owned(),
                unit_price: Some(unit_price),
            }],
            hours_late: 0,
            is_open: false,
            coupon: 0,
        }
    }

    /// Returns an order as the API has it.
    pub(crate) async fn order(&self, id: &str) -> Value {
        self.get(&format!("/v2/orders/{id}")).await.ok()["order"].clone()
    }
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()) }
    }

    /// Returns the body of an answer that is all right.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body
    }

    /// Returns the code of the one error in the envelope.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, &str, &str) {
        let error = &self.body["errors"][0];
        let text = |name: &str| error[name].as_str().unwrap_or_default();
        assert!(error["detail"].is_string(), "{}", self.body);
        (self.status, text("category"), text("code"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Returns a client that follows nobody anywhere.
pub(crate) fn plain_client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

/// Returns a text of a value.
#[track_caller]
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name} in {value}"))
}

/// Returns an amount of a value.
#[track_caller]
pub(crate) fn amount(value: &Value, name: &str) -> i64 {
    value[name]["amount"].as_i64().unwrap_or_else(|| panic!("no money {name} in {value}"))
}
