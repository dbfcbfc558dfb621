//! The vendor changes its language: new is ignored, other is refused, and nothing is guessed.

use serde_json::json;
use shelfops_ingest::Stream;
use shelfops_integrations::connector::Disposition;
use shelfops_integrations::square::API_VERSION;

use super::fixtures::{location, locations, order, orders, shop_of};
use super::server::{Answer, Seen, json};
use super::shop::Shop;

#[tokio::test]
async fn the_version_is_asked_for_and_another_is_refused() {
    let answer = |version: &'static str| {
        move |_: &Seen| {
            let headers = vec![("square-version", version.to_owned())];
            Answer::Whole(200, headers, locations(&["LSHELF01"]).to_string())
        }
    };
    let shop = Shop::open(answer(API_VERSION)).await;
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    assert_eq!(shop.server.seen()[0].header("square-version"), Some(API_VERSION));
    let shop = Shop::open(answer("2027-01-20")).await;
    let read = shop.read(Stream::Stores).await;
    let (said, disposition) = read.failure();
    assert!(
        said.contains("answered the list of stores in version 2027-01-20 and not in 2026-09-16"),
        "{said}"
    );
    assert_eq!((disposition, read.drafts.len()), (Disposition::Stop, 0));
}

#[tokio::test]
async fn a_page_that_is_something_else_stops_with_stream_page_and_version() {
    let pages = [
        json!({ "order_entries": [{ "id": "A" }] }),
        json!({ "orders": { "A": {} } }),
        json!({ "orders": "none" }),
        json!({ "orders": [], "cursor": 7 }),
        json!(["A"]),
    ];
    for page in pages {
        let given = page.clone();
        let shop = Shop::open(shop_of(move |_| json(given.clone()))).await;
        let read = shop.read(Stream::Transactions).await;
        let (said, disposition) = read.failure();
        let named =
            "page 1 of transactions from Square in version 2026-09-16 is not what is documented";
        assert!(said.contains(named), "{page}: {said}");
        assert_eq!((disposition, read.cursors.len()), (Disposition::Stop, 0), "{page}");
    }
}

#[tokio::test]
async fn new_fields_are_ignored() {
    let mut changed = order("A", "2026-11-20T17:04:11.010Z");
    changed["loyalty"] = json!({ "points": [1, 2] });
    changed["line_items"][0]["carbon_grams"] = json!(12);
    let shop = Shop::open(shop_of(move |_| {
        json(json!({ "orders": [changed], "took_ms": 12, "related": { "x": 1 } }))
    }))
    .await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(read.refused(), []);
}

#[tokio::test]
async fn a_record_of_another_shape_is_quarantined_whole_and_the_rest_goes_on() {
    let mut changed = order("A", "2026-11-20T17:04:11.010Z");
    changed["line_items"] = json!({ "li-1": {} });
    let given = [changed, json!("no order"), order("C", "2026-11-20T17:04:11.010Z")];
    let shop = Shop::open(shop_of(move |_| orders(&given, None))).await;
    let read = shop.read(Stream::Transactions).await;
    let refused = read.refused();
    assert_eq!((read.drafts.len(), refused.len()), (3, 2));
    assert!(
        refused
            .iter()
            .all(|(rule, reason)| *rule == "well-formed"
                && reason.contains("not what is documented"))
    );
    assert_eq!(read.raw[0]["line_items"], json!({ "li-1": {} }));
    assert!(!read.raw[0].to_string().contains("Shopper"), "{}", read.raw[0]);
    assert_eq!(read.raw[1], json!("no order"));
}

#[tokio::test]
async fn a_nul_character_reaches_neither_a_record_nor_quarantine() {
    let mut bad = location("L\u{0}1", "USD");
    bad["name"] = json!("a\u{0}b");
    let shop = Shop::open(move |_: &Seen| json(json!({ "locations": [bad] }))).await;
    let read = shop.read(Stream::Stores).await;
    assert!(!read.raw[0].to_string().contains("\\u0000"), "{}", read.raw[0]);
    let Ok(shelfops_ingest::records::Draft::Store(store)) = &read.drafts[0] else { panic!() };
    assert!(store.external_id.problem().is_some());
}

#[tokio::test]
async fn partial_data_beside_an_error_is_not_taken_for_all() {
    let shop = Shop::open(|_: &Seen| {
        let mut page = locations(&["LSHELF01"]);
        page["errors"] = json!([{ "category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND" }]);
        json(page)
    })
    .await;
    let read = shop.read(Stream::Stores).await;
    assert!(read.failure().0.contains("200 NOT_FOUND"), "{}", read.failure().0);
    assert_eq!(read.drafts.len(), 0);
}
