//! Pages that are more than an answer may hold: asked for in smaller ones, and nothing is left out.

use jiff::civil::date;
use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{Connector as _, DayBasis, Disposition, ReadingOptions};
use shelfops_integrations::http::{BodyLimit, Policy};
use shelfops_integrations::square::Square;

use super::fixtures::{dated, error, is_for_first, locations, order, orders, refund};
use super::server::{Answer, Seen, json, status};
use super::shop::{Shop, tokens};

/// More than four plain orders, and less than six.
const LIMIT: usize = 6_000;

/// Eight orders of one hour, the sixth of which is as large as several.
fn history(fat: usize) -> Vec<Value> {
    let told = (0..8).map(|number| {
        let mut order = order(&format!("O{number}"), &format!("2026-11-20T10:0{number}:00Z"));
        if number == 5 {
            order["note"] = json!("x".repeat(fat));
        }
        order
    });
    told.collect()
}

/// Gives orders from the time that is asked for on, in pages whose cursors fit one size only.
fn vendor(history: Vec<Value>) -> impl FnMut(&Seen) -> Answer + Send {
    let mut is_begun = false;
    move |seen| match seen.path() {
        "/v2/locations" => dated(locations(&["LSHELF01"])),
        "/v2/orders/search" if !std::mem::replace(&mut is_begun, true) && is_for_first(seen) => {
            orders(&history[..1], None)
        }
        "/v2/orders/search" => page_of(&history, seen),
        _ => json(json!({})),
    }
}

fn page_of(history: &[Value], seen: &Seen) -> Answer {
    let limit = usize::try_from(seen.body["limit"].as_u64().unwrap()).unwrap();
    let times = &seen.body["query"]["filter"]["date_time_filter"];
    let from = times["updated_at"]["start_at"].as_str().unwrap_or_default();
    let until = times["updated_at"]["end_at"].as_str().unwrap_or("~");
    let is_wanted = |order: &&Value| {
        let changed = order["updated_at"].as_str().unwrap();
        from <= changed && changed <= until
    };
    let wanted: Vec<Value> = history.iter().filter(is_wanted).cloned().collect();
    let first = match seen.body["cursor"].as_str().map(|cursor| cursor.split_once('/').unwrap()) {
        None => 0,
        Some((first, of)) if of == limit.to_string() => first.parse().unwrap(),
        Some(_) => return status(400, error("INVALID_REQUEST_ERROR", "INVALID_CURSOR")),
    };
    let end = wanted.len().min(first + limit);
    let next = (end < wanted.len()).then(|| format!("{end}/{limit}"));
    orders(&wanted[first..end], next.as_deref())
}

async fn shop(fat: usize) -> Shop {
    let policy = Policy { most_body: BodyLimit(LIMIT), ..Policy::default() };
    let reading = ReadingOptions { page_size: 4, ..ReadingOptions::default() };
    Shop::open_with(policy, reading, tokens(30), vendor(history(fat))).await
}

fn limits(shop: &Shop) -> Vec<u64> {
    let asked = shop.server.seen_at("/v2/orders/search");
    let limit = |seen: &Seen| seen.body["limit"].as_u64().unwrap();
    asked.iter().filter(|seen| !is_for_first(seen)).map(limit).collect()
}

#[tokio::test]
async fn a_page_that_is_too_large_is_read_in_smaller_ones() {
    let shop = shop(3_000).await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    let mut ids = read.ids();
    ids.dedup();
    let all: Vec<String> = (0..8).map(|number| format!("O{number}/li-1")).collect();
    // What changed at the very time where the smaller pages begin comes twice.
    ids.sort();
    ids.dedup();
    assert_eq!(ids, all);
    let limits = limits(&shop);
    assert!(limits.contains(&4) && limits.contains(&2), "{limits:?}");
}

#[tokio::test]
async fn one_record_that_is_too_large_alone_says_so() {
    let shop = shop(2 * LIMIT).await;
    let read = shop.read(Stream::Transactions).await;
    let (said, disposition) = read.failure();
    assert!(said.contains("one record of page"), "{said}");
    assert!(said.contains("more than the 6000 bytes that an answer may have"), "{said}");
    assert_eq!(disposition, Disposition::Stop);
    assert!(read.ids().contains(&"O3/li-1".to_owned()), "what was read before is kept");
}

#[tokio::test]
async fn orders_that_refunds_name_are_asked_for_in_smaller_lists() {
    let refunds: Vec<Value> = (0..4)
        .map(|number| {
            let mut refund = refund(&format!("O{number}"));
            refund["id"] = json!(format!("R{number}"));
            refund
        })
        .collect();
    let policy = Policy { most_body: BodyLimit(LIMIT), ..Policy::default() };
    let mut others = vendor(history(1));
    let shop =
        Shop::open_with(policy, ReadingOptions::default(), tokens(30), move |seen| {
            match seen.path() {
                "/v2/refunds" => json(json!({ "refunds": refunds })),
                "/v2/orders/batch-retrieve" => {
                    let ids = seen.body["order_ids"].as_array().unwrap().iter();
                    let told = ids.map(|id| {
                        let order = order(id.as_str().unwrap(), "2026-11-20T10:00:00Z");
                        json!({ "id": order["id"], "note": "x".repeat(2_500) })
                    });
                    orders(&told.collect::<Vec<_>>(), None)
                }
                _ => others(seen),
            }
        })
        .await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    assert!(read.ids().iter().any(|id| id.starts_with("refund/")), "{:?}", read.ids());
    let asked = shop.server.seen_at("/v2/orders/batch-retrieve");
    let asked = asked.iter().map(|seen| seen.body["order_ids"].as_array().unwrap().len());
    let asked: Vec<usize> = asked.collect();
    let (first, rest) = asked.split_first().unwrap();
    assert!(*first > 1 && !rest.is_empty() && rest.iter().all(|it| it < first), "{asked:?}");
}

#[tokio::test]
async fn a_day_is_counted_in_smaller_pages_from_its_beginning() {
    let shop = shop(3_000).await;
    let day = date(2026, 11, 20);
    let totals = Square.day_totals(shop.connection.clone(), day, DayBasis::Created).await.unwrap();
    assert_eq!((totals[0].order_count, totals[0].sale_lines), (8, 8), "{:?}", limits(&shop));
}
