//! Pages: all of them are read, once, and a crash resumes behind the last one that was committed.

use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_ingest::cursor::Cursor;
use shelfops_integrations::connector::{Connector as _, Disposition, OpenRequest, Reach};
use shelfops_integrations::square::Square;

use super::fixtures::{error, order, orders, shop_of};
use super::server::{Answer, Seen, json, status};
use super::shop::Shop;

/// Orders A to F, two a page; cursors are the number of the page.
fn three_pages(seen: &Seen) -> Answer {
    let number = seen.body["cursor"].as_str().map_or(0, |page| page.parse::<usize>().unwrap());
    let page = |ids: [&str; 2], hour: usize| {
        ids.map(|id| order(id, &format!("2026-11-21T1{hour}:00:00Z")))
    };
    match number {
        0 => orders(&page(["A", "B"], 0), Some("1")),
        1 => orders(&page(["C", "D"], 1), Some("2")),
        _ => orders(&page(["E", "F"], 2), None),
    }
}

const ALL: [&str; 6] = ["A/li-1", "B/li-1", "C/li-1", "D/li-1", "E/li-1", "F/li-1"];

#[tokio::test]
async fn every_page_is_read_with_the_same_question() {
    let shop = Shop::open(shop_of(three_pages)).await;
    assert_eq!(shop.read(Stream::Transactions).await.ids(), ALL);
    let seen = shop.server.searches();
    let without_cursor = |seen: &Seen| {
        let mut body = seen.body.clone();
        body.as_object_mut().unwrap().remove("cursor");
        body
    };
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|other| without_cursor(other) == without_cursor(&seen[0])));
}

#[tokio::test]
async fn more_orders_than_a_page_holds_are_all_read() {
    for count in [500, 501, 1000, 1001] {
        let shop = Shop::open(shop_of(move |seen| {
            let first = seen.body["cursor"].as_str().map_or(0, |page| page.parse().unwrap());
            let limit = usize::try_from(seen.body["limit"].as_u64().unwrap()).unwrap();
            let next = (first + limit).min(count);
            let page =
                (first..next).map(|number| order(&format!("O{number}"), "2026-11-21T10:00:00Z"));
            let cursor = (next < count).then(|| next.to_string());
            orders(&page.collect::<Vec<_>>(), cursor.as_deref())
        }))
        .await;
        assert_eq!(shop.read(Stream::Transactions).await.drafts.len(), count);
    }
}

#[tokio::test]
async fn a_crash_behind_any_page_gives_the_same_rest() {
    let shop = Shop::open(shop_of(three_pages)).await;
    let whole = shop.read(Stream::Transactions).await;
    for (read, cursor) in &whole.cursors[..3] {
        let text = cursor.state().to_string();
        assert!(text.len() < 600, "a cursor is small: {text}");
        let rest = shop.read_from(Stream::Transactions, Some(cursor.clone())).await;
        // What happened since the window was begun is read behind it: nothing new here.
        let ids = rest.ids();
        let (left, again) = ids.split_at(ALL.len() - read);
        assert_eq!(left, &ALL[*read..], "behind {read}: {text}");
        assert!(again.iter().all(|id| ALL.contains(&&**id)), "{again:?}");
        assert!(*read == ALL.len() || !again.is_empty(), "behind {read}: {text}");
        assert_eq!(rest.state(), whole.state());
    }
}

#[tokio::test]
async fn a_forgotten_page_begins_again_where_reading_ended() {
    let mut pages = 0;
    let shop = Shop::open(shop_of(move |seen| {
        pages += 1;
        match (pages, seen.body["cursor"].as_str()) {
            (2, Some(_)) => status(400, error("INVALID_REQUEST_ERROR", "INVALID_CURSOR")),
            _ => three_pages(seen),
        }
    }))
    .await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    let mut ids = read.ids();
    ids.sort();
    ids.dedup();
    assert_eq!(ids, ALL, "repeated perhaps, but none is missing");
    let again = &shop.server.searches()[2].body;
    assert_eq!(again["cursor"], Value::Null);
    let from = &again["query"]["filter"]["date_time_filter"]["updated_at"]["start_at"];
    assert_eq!(from, "2026-11-21T10:00:00Z", "not from the beginning of the window");
}

#[tokio::test]
async fn a_first_page_that_is_refused_as_forgotten_stops() {
    let refuse = |_: &Seen| status(400, error("INVALID_REQUEST_ERROR", "INVALID_CURSOR"));
    let shop = Shop::open(shop_of(refuse)).await;
    let (said, disposition) = shop.read(Stream::Transactions).await.failure();
    assert!(said.contains("has forgotten where page 1 of transactions"), "{said}");
    assert_eq!(disposition, Disposition::Retry { after: None });
    assert_eq!(shop.server.searches().len(), 1);
}

#[tokio::test]
async fn a_page_that_goes_on_with_itself_stops() {
    let shop = Shop::open(shop_of(|_| orders(&[], Some("1")))).await;
    let (said, disposition) = shop.read(Stream::Transactions).await.failure();
    assert!(said.contains("goes on with itself"), "{said}");
    assert_eq!(disposition, Disposition::Stop);
}

#[tokio::test]
async fn one_page_is_fetched_ahead_and_no_more() {
    let shop = Shop::open(shop_of(three_pages)).await;
    let request =
        OpenRequest { stream: Stream::Transactions, cursor: None, span: None, reach: Reach::Whole };
    let mut source = Square.open(shop.connection.clone(), request).unwrap();
    source.next_block().await.unwrap().unwrap();
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while shop.server.searches().len() < 2 && tokio::time::Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    assert_eq!(shop.server.searches().len(), 2);
}

#[tokio::test]
async fn a_cursor_of_another_source_is_refused() {
    let shop = Shop::open(|_| json(json!({}))).await;
    for stream in Square.streams() {
        for state in [json!({ "record": 7 }), json!("a file's"), json!([1])] {
            let cursor = Some(Cursor::new(state));
            let request = OpenRequest { stream: *stream, cursor, span: None, reach: Reach::Whole };
            let error = Square.open(shop.connection.clone(), request).err().unwrap();
            assert_eq!(error.disposition(), Disposition::Stop);
            assert!(error.to_string().contains("add it again"), "{error}");
        }
        let null = OpenRequest {
            stream: *stream,
            cursor: Some(Cursor::new(json!(null))),
            span: None,
            reach: Reach::Whole,
        };
        assert!(Square.open(shop.connection.clone(), null).is_ok());
    }
}
