//! How time is cut: history in windows, then changes with an overlap, ten stores at a time.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{Disposition, ReadingOptions};
use shelfops_integrations::http::Policy;

use super::fixtures::{dated, location, locations, order, orders, shop_of};
use super::server::{Seen, json};
use super::shop::{Shop, tokens};

const SEARCH: &str = "/v2/orders/search";

/// The span of changes that a search asked for.
fn span(seen: &Seen) -> (String, Option<String>) {
    let span = &seen.body["query"]["filter"]["date_time_filter"]["updated_at"];
    let text = |name: &str| span[name].as_str().map(str::to_owned);
    (text("start_at").unwrap(), text("end_at"))
}

#[tokio::test]
async fn a_search_sorts_by_the_time_it_filters_by_oldest_first() {
    let shop = Shop::open(shop_of(|_| orders(&[], None))).await;
    shop.read(Stream::Transactions).await;
    let seen = shop.server.searches();
    let query = &seen[0].body["query"];
    assert_eq!(query["sort"], json!({ "sort_field": "UPDATED_AT", "sort_order": "ASC" }));
    assert_eq!(query["filter"]["state_filter"]["states"], json!(["OPEN", "COMPLETED", "CANCELED"]));
    assert_eq!(seen[0].body["limit"], 500);
}

#[tokio::test]
async fn history_begins_before_the_first_order_and_comes_in_windows() {
    let reading =
        ReadingOptions { window: SignedDuration::from_hours(7 * 24), ..ReadingOptions::default() };
    let shop =
        Shop::open_with(Policy::default(), reading, tokens(30), shop_of(|_| orders(&[], None)))
            .await;
    let read = shop.read(Stream::Transactions).await;
    let spans: Vec<_> = shop.server.searches().iter().map(span).collect();
    let end = |text: &str| Some(text.to_owned());
    assert_eq!(
        spans,
        [
            ("2026-10-28T17:20:11Z".to_owned(), end("2026-11-04T17:20:11Z")),
            ("2026-11-04T17:20:11Z".to_owned(), end("2026-11-11T17:20:11Z")),
            ("2026-11-11T17:20:11Z".to_owned(), None),
        ],
        "windows meet, and only the last reaches to the present"
    );
    assert_eq!(read.state(), json!({}), "nothing was ever changed: nothing is settled");
}

#[tokio::test]
async fn the_next_run_reads_from_the_vendors_own_time_with_an_overlap() {
    let shop =
        Shop::open(shop_of(|_| orders(&[order("A", "2026-11-21T10:00:00.500Z")], None))).await;
    let first = shop.read(Stream::Transactions).await;
    assert_eq!(first.state()["read_up_to"], "2026-11-21T10:00:00.5Z");
    let asked = shop.server.searches().len();
    let second = shop.read_from(Stream::Transactions, Some(first.cursor())).await;
    let seen = shop.server.searches();
    assert_eq!(span(&seen[asked]), ("2026-11-21T09:00:00.5Z".to_owned(), None));
    assert_eq!(second.state(), first.state(), "nothing new settles nothing new");
    assert_eq!(seen.len(), asked + 1);
}

#[tokio::test]
async fn days_of_lateness_are_read_again_once_a_day() {
    let shop = Shop::open(shop_of(|_| orders(&[order("A", "2026-11-21T10:00:00Z")], None))).await;
    let cursor = json!({ "read_up_to": "2026-11-21T09:30:00Z", "deep_at": "2026-11-20T09:00:00Z" });
    let read = shop
        .read_from(Stream::Transactions, Some(shelfops_ingest::cursor::Cursor::new(cursor)))
        .await;
    assert_eq!(span(&shop.server.searches()[0]).0, "2026-11-17T08:30:00Z");
    assert_eq!(read.state()["deep_at"], "2026-11-21T10:00:00Z");
}

#[tokio::test]
async fn more_than_ten_stores_are_asked_for_in_groups() {
    let names: Vec<String> = (1..=23).map(|number| format!("L{number:02}")).collect();
    let given = names.clone();
    let mut shop_of_one = shop_of(|_| orders(&[], None));
    let shop = Shop::open(move |seen| match seen.path() {
        "/v2/locations" => dated(locations(&given.iter().map(String::as_str).collect::<Vec<_>>())),
        _ => shop_of_one(seen),
    })
    .await;
    shop.read(Stream::Transactions).await;
    let groups: Vec<Value> =
        shop.server.searches().iter().map(|seen| seen.body["location_ids"].clone()).collect();
    assert_eq!(groups, [json!(names[..10]), json!(names[10..20]), json!(names[20..])]);
}

#[tokio::test]
async fn equal_times_at_a_boundary_are_read_on_both_sides() {
    let at_boundary = [order("A", "2026-11-12T17:20:11Z"), order("B", "2026-11-12T17:20:11Z")];
    let reading =
        ReadingOptions { window: SignedDuration::from_hours(14 * 24), ..ReadingOptions::default() };
    let shop = Shop::open_with(
        Policy::default(),
        reading,
        tokens(30),
        shop_of(move |_| orders(&at_boundary, None)),
    )
    .await;
    let read = shop.read(Stream::Transactions).await;
    assert_eq!(read.ids(), ["A/li-1", "B/li-1", "A/li-1", "B/li-1"]);
}

#[tokio::test]
async fn a_backfill_ends_with_its_span_and_leaves_a_cursor_of_its_own() {
    let shop = Shop::open(shop_of(|_| orders(&[], None))).await;
    let (from, until) = ("2026-06-01T00:00:00Z", "2026-07-10T00:00:00Z");
    let read = shop.read_span(from, until, None).await;
    let spans: Vec<_> = shop.server.searches().iter().map(span).collect();
    let end = |text: &str| Some(text.to_owned());
    assert_eq!(
        spans,
        [
            (from.to_owned(), end("2026-07-01T00:00:00Z")),
            ("2026-07-01T00:00:00Z".to_owned(), end(until)),
        ]
    );
    let asked = shop.server.searches().len();
    let again = shop.read_span(from, until, Some(read.cursor())).await;
    assert_eq!(shop.server.searches().len(), asked, "it is read already");
    assert_eq!(again.cursors.len(), 1, "and says so");
}

#[tokio::test]
async fn refunds_are_asked_for_by_change_of_any_age() {
    let shop = Shop::open(shop_of(|_| orders(&[], None))).await;
    shop.read(Stream::Transactions).await;
    let seen = shop.server.seen_at("/v2/refunds");
    let parameter = |name| seen[0].parameter(name).unwrap();
    assert_eq!(parameter("sort_field"), "UPDATED_AT");
    assert_eq!(parameter("sort_order"), "ASC");
    assert_eq!(
        parameter("begin_time"),
        "2009-01-01T00:00:00Z",
        "else refunds older than a year are lost"
    );
    assert_eq!(parameter("updated_at_begin_time"), "2026-10-28T17:20:10.999Z");
    assert_eq!(seen[0].parameter("location_id"), None);
}

#[tokio::test]
async fn no_page_is_asked_for_that_exceeds_the_vendors_limit() {
    for (wanted, asked) in [(0, 1), (200, 200), (5000, 1000)] {
        let reading = ReadingOptions { page_size: wanted, ..ReadingOptions::default() };
        let handler = shop_of(|_| orders(&[], None));
        let shop = Shop::open_with(Policy::default(), reading, tokens(30), handler).await;
        shop.read(Stream::Transactions).await;
        let last = shop.server.seen_at(SEARCH).pop().unwrap();
        assert_eq!(last.body["limit"], asked);
        assert_eq!(shop.server.seen_at("/v2/refunds")[0].parameter("limit").unwrap(), "100");
    }
}

#[tokio::test]
async fn a_tenant_without_stores_is_read_to_its_end() {
    let mut shop_of_one = shop_of(|_| orders(&[], None));
    let shop = Shop::open(move |seen| match seen.path() {
        "/v2/locations" => json(json!({})),
        _ => shop_of_one(seen),
    })
    .await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none() && read.drafts.is_empty(), "{:?}", read.error);
    assert!(shop.server.searches().is_empty());
}

#[tokio::test]
async fn history_is_not_skipped_when_the_first_order_does_not_tell_its_time() {
    for updated_at in [json!("yesterday"), json!(17), Value::Null] {
        let mut first = order("FIRST", "2026-11-01T18:20:11Z");
        first["updated_at"] = updated_at;
        let mut others = shop_of(|_| orders(&[], None));
        let shop = Shop::open(move |seen| match seen.path() {
            SEARCH if seen.body["limit"] == 1 => orders(&[first.clone()], None),
            _ => others(seen),
        })
        .await;
        shop.read(Stream::Transactions).await;
        // Days before the store was made, which may sell what its till sends late.
        assert_eq!(span(&shop.server.searches()[0]).0, "2026-10-28T17:20:11Z");
    }
}

#[tokio::test]
async fn a_store_that_is_told_otherwise_is_asked_for_and_one_without_an_id_stops_reading() {
    let mut odd = location("L2", "USD");
    odd["timezone"] = json!({ "name": "America/New_York" });
    odd["name"] = json!(7);
    let answer = json!({ "locations": [location("LSHELF01", "USD"), odd] });
    let mut others = shop_of(|_| orders(&[], None));
    let shop = Shop::open(move |seen| match seen.path() {
        "/v2/locations" => dated(answer.clone()),
        _ => others(seen),
    })
    .await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(shop.server.searches()[0].body["location_ids"], json!(["L2", "LSHELF01"]));

    for id in [json!(12), Value::Null, json!("")] {
        let mut nameless = location("L2", "USD");
        nameless["id"] = id;
        let answer = json!({ "locations": [location("LSHELF01", "USD"), nameless] });
        let shop = Shop::open(move |_| dated(answer.clone())).await;
        let (said, disposition) = shop.read(Stream::Transactions).await.failure();
        assert!(said.contains("a location has no id that can be read"), "{said}");
        assert_eq!(disposition, Disposition::Stop);
    }
}
