//! What a search for orders refuses, and how.

use serde_json::{Value, json};

use super::client::{Shop, quiet, text};

async fn refused(shop: &Shop, body: Value) -> (u16, String, String) {
    let answer = shop.post("/v2/orders/search", body).await;
    let (status, category, code) = answer.error();
    assert_eq!(category, "INVALID_REQUEST_ERROR");
    let field = answer.body["errors"][0].get("field").and_then(Value::as_str).unwrap_or_default();
    (status, code.to_owned(), field.to_owned())
}

fn with(location: &str, query: Value) -> Value {
    json!({ "location_ids": [location], "query": query })
}

#[tokio::test]
async fn locations_must_be_given_known_and_ten_at_most() {
    let shop = Shop::open(quiet()).await;
    for body in [json!({}), json!({ "location_ids": [] })] {
        let expected = (400, "MISSING_REQUIRED_PARAMETER".to_owned(), "location_ids".to_owned());
        assert_eq!(refused(&shop, body).await, expected);
    }
    let many: Vec<String> = std::iter::repeat_n(shop.locations()[0].clone(), 11).collect();
    let answer = refused(&shop, json!({ "location_ids": many })).await;
    assert_eq!(answer.1, "ARRAY_LENGTH_TOO_LONG");
    assert_eq!(refused(&shop, json!({ "location_ids": ["LOTHER"] })).await.1, "INVALID_VALUE");
    assert_eq!(refused(&shop, json!({ "location_ids": "L" })).await.1, "EXPECTED_ARRAY");
}

#[tokio::test]
async fn only_one_time_can_be_filtered_by_and_the_sort_must_match() {
    let shop = Shop::open(quiet()).await;
    let location = shop.locations()[0].clone();
    let window = json!({ "start_at": "2026-01-01T00:00:00Z" });
    let both =
        json!({ "filter": { "date_time_filter": { "created_at": window, "updated_at": window } } });
    assert_eq!(refused(&shop, with(&location, both)).await.1, "CONFLICTING_PARAMETERS");
    let unsorted = json!({ "filter": { "date_time_filter": { "updated_at": window } } });
    let answer = refused(&shop, with(&location, unsorted)).await;
    assert_eq!(answer.2, "query.sort.sort_field", "the default is CREATED_AT");
    let other = json!({
        "filter": { "date_time_filter": { "created_at": window } },
        "sort": { "sort_field": "UPDATED_AT" },
    });
    assert_eq!(refused(&shop, with(&location, other)).await.2, "query.sort.sort_field");
}

#[tokio::test]
async fn times_must_be_times_and_in_order() {
    let shop = Shop::open(quiet()).await;
    let location = shop.locations()[0].clone();
    let query = |start: &str, end: &str| json!({ "filter": { "date_time_filter": { "created_at": { "start_at": start, "end_at": end } } } });
    let answer = refused(&shop, with(&location, query("today", "2026-01-01T00:00:00Z"))).await;
    assert_eq!(answer.1, "INVALID_TIME");
    assert_eq!(answer.2, "query.filter.date_time_filter.created_at.start_at");
    let backwards = query("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z");
    assert_eq!(refused(&shop, with(&location, backwards)).await.1, "INVALID_TIME_RANGE");
}

#[tokio::test]
async fn closing_times_need_a_filter_of_states_that_are_final() {
    let shop = Shop::open(quiet()).await;
    let id = shop.sell("1", 500).await;
    let location = shop.locations()[0].clone();
    let query = |states: &[&str]| {
        json!({
            "filter": {
                "date_time_filter": { "closed_at": { "start_at": "2026-01-01T00:00:00Z" } },
                "state_filter": { "states": states },
            },
            "sort": { "sort_field": "CLOSED_AT", "sort_order": "ASC" },
        })
    };
    for states in [&["OPEN"][..], &["OPEN", "COMPLETED"][..]] {
        let answer = refused(&shop, with(&location, query(states))).await;
        assert_eq!(answer.2, "query.filter.state_filter");
    }
    let answer = shop.post("/v2/orders/search", with(&location, query(&["COMPLETED"]))).await.ok();
    assert_eq!(text(&answer["orders"][0], "id"), id);
}

#[tokio::test]
async fn what_is_no_json_and_what_is_not_simulated_is_said_so() {
    let shop = Shop::open(quiet()).await;
    let url = format!("{}/v2/orders/search", shop.simulator.url());
    let bearer = format!("Bearer {}", shop.token);
    let request = shop.client.post(url).header("authorization", bearer).body("{");
    let answer = super::client::Answer::of(request.send().await.unwrap()).await;
    assert_eq!(answer.error().2, "EXPECTED_JSON_BODY");
    let location = shop.locations()[0].clone();
    let customers = json!({ "filter": { "customer_filter": { "customer_ids": ["C"] } } });
    let answer = shop.post("/v2/orders/search", with(&location, customers)).await;
    assert_eq!(answer.error(), (501, "API_ERROR", "NOT_IMPLEMENTED"));
    assert_eq!(shop.get("/v2/nothing").await.error().2, "NOT_FOUND");
}

#[tokio::test]
async fn entries_and_sources_can_be_asked_for() {
    let shop = Shop::open(quiet()).await;
    let id = shop.sell("1", 500).await;
    let location = shop.locations()[0].clone();
    let mut body = with(
        &location,
        json!({ "filter": { "source_filter": { "source_names": ["Square Point of Sale"] } } }),
    );
    body["return_entries"] = true.into();
    let answer = shop.post("/v2/orders/search", body).await.ok();
    assert_eq!(text(&answer["order_entries"][0], "order_id"), id);
    assert!(answer.get("orders").is_none());
    let online = json!({ "filter": { "source_filter": { "source_names": ["Square Online"] } } });
    let answer = shop.post("/v2/orders/search", with(&location, online)).await.ok();
    assert_eq!(answer, json!({}));
}
