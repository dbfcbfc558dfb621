//! Refunds: those with goods are orders already; those without are returns of an amount.

use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_ingest::records::TransactionType;
use shelfops_integrations::connector::Connector as _;
use shelfops_integrations::square::Square;

use super::fixtures::{dated, error};
use super::fixtures::{locations, money, order, orders, refund, return_order};
use super::server::{Answer, Seen, json, status};
use super::shop::{Read, Shop};

/// The refund of the documents' example, as a record.
const OWN: &str = "refund/PAY7hq2ExampleA_RF1";

/// A shop in which orders change at no time, but can be found by id and by when they were made.
fn shop_with(refunds: Vec<Value>, known: Vec<Value>) -> impl FnMut(&Seen) -> Answer + Send {
    move |seen| match seen.path() {
        "/v2/locations" => dated(locations(&["LSHELF01"])),
        "/v2/refunds" => {
            // What is asked for by its creation may have changed at any time.
            let from = match seen.parameter("updated_at_begin_time") {
                Some(from) => ("updated_at", from),
                None => ("created_at", seen.parameter("begin_time").unwrap()),
            };
            let is_listed = |refund: &&Value| *refund[from.0].as_str().unwrap() > *from.1;
            let listed: Vec<&Value> = refunds.iter().filter(is_listed).collect();
            json(json!({ "refunds": listed }))
        }
        "/v2/orders/batch-retrieve" => {
            let ids = seen.body["order_ids"].as_array().unwrap();
            assert!(ids.len() <= 100, "more are refused");
            let found: Vec<&Value> =
                known.iter().filter(|order| ids.contains(&order["id"])).collect();
            json(json!({ "orders": found }))
        }
        "/v2/orders/search" => {
            let made = &seen.body["query"]["filter"]["date_time_filter"]["created_at"];
            let (Some(from), Some(until)) = (made["start_at"].as_str(), made["end_at"].as_str())
            else {
                return orders(&[], None);
            };
            let is_made =
                |order: &&Value| (from..=until).contains(&order["created_at"].as_str().unwrap());
            orders(&known.iter().filter(is_made).cloned().collect::<Vec<_>>(), None)
        }
        other => status(404, error("INVALID_REQUEST_ERROR", other)),
    }
}

async fn read(refunds: Vec<Value>, known: Vec<Value>) -> Read {
    let shop = Shop::open(shop_with(refunds, known)).await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    read
}

fn sale() -> Value {
    order("ORDexample0001", "2026-11-20T17:04:11.010Z")
}

#[tokio::test]
async fn a_refund_of_goods_is_not_counted_a_second_time() {
    let known = vec![sale(), return_order()];
    let read = read(vec![refund("ORDreturn00001")], known).await;
    assert_eq!(read.drafts, []);
    // It may have been listed before the return was, and is taken back in that version.
    let [withdrawn] = &read.withdrawn[..] else { panic!("{:?}", read.withdrawn) };
    assert_eq!((&*withdrawn.external_id, &*withdrawn.store), (OWN, "LSHELF01"));
    assert_eq!(withdrawn.occurred_at.to_string(), "2026-11-21T19:30:00.5Z");
    assert_eq!(withdrawn.updated_at.to_string(), "2026-11-21T19:31:10.000001Z");
}

#[tokio::test]
async fn nor_is_it_when_the_refund_names_the_order_of_the_sale() {
    let known = vec![sale(), return_order()];
    let read = read(vec![refund("ORDexample0001")], known).await;
    assert_eq!((&read.drafts[..], read.withdrawn_ids()), (&[][..], vec![OWN]));
}

#[tokio::test]
async fn nor_when_only_the_payment_joins_them() {
    let mut without_source = return_order();
    without_source["returns"][0]["source_order_id"] = Value::Null;
    let mut nameless = refund("ORDexample0001");
    nameless["order_id"] = Value::Null;
    assert_eq!(read(vec![nameless], vec![sale(), without_source]).await.drafts, []);
}

#[tokio::test]
async fn a_refund_by_amount_is_a_return_of_its_own() {
    let read = read(vec![refund("ORDexample0001")], vec![sale()]).await;
    assert_eq!(read.ids(), [OWN]);
    let line = read.lines()[0];
    assert_eq!(line.transaction_type.value(), Some(&TransactionType::Return));
    assert_eq!(line.product.value().unwrap(), "refund-by-amount");
    assert_eq!(line.total_amount.value().unwrap().to_string(), "10.80");
    assert_eq!(line.occurred_at.value().unwrap().instant.to_string(), "2026-11-21T19:30:00.5Z");
    assert_eq!(line.updated_at.value().unwrap().instant.to_string(), "2026-11-21T19:31:10Z");
    assert_eq!(read.refused(), []);
    let raw = &read.raw[0];
    assert!(!raw.to_string().contains("Shopper"), "{raw}");
    assert_eq!(Square.draft_from_raw(Stream::Transactions, raw), read.drafts[0]);
    assert_eq!(read.state()["read_up_to"], "2026-11-21T19:31:10Z");
}

/// A refund of the sale's payment that was made and changed at a time of the return's day.
fn paid_back(id: &str, amount: i64, created: &str, updated: &str) -> Value {
    let mut refund = refund("ORDexample0001");
    (refund["id"], refund["amount_money"]) = (json!(id), money(amount));
    refund["created_at"] = json!(format!("2026-11-21T{created}.000Z"));
    refund["updated_at"] = json!(format!("2026-11-21T{updated}.000Z"));
    refund
}

#[tokio::test]
async fn a_refund_of_another_amount_beside_a_return_is_a_return_of_its_own() {
    let goodwill = paid_back("GOODWILL", 200, "19:33:00", "19:33:00");
    let known = vec![sale(), return_order()];
    let read = read(vec![refund("ORDexample0001"), goodwill], known).await;
    assert_eq!((read.ids(), read.withdrawn_ids()), (vec!["refund/GOODWILL".to_owned()], vec![OWN]));
    assert_eq!(read.lines()[0].total_amount.value().unwrap().to_string(), "2.00");
}

#[tokio::test]
async fn of_two_refunds_of_one_amount_a_return_pays_the_first_back_wherever_pages_end() {
    let known = || vec![sale(), return_order()];
    let first = || paid_back("FIRST", 1080, "19:30:01", "19:31:00");
    let second = || paid_back("SECOND", 1080, "19:33:00", "19:34:00");
    let both = read(vec![first(), second()], known()).await;
    let told = |read: &Read| (read.ids(), read.withdrawn_ids().join(" "));
    let expected = (vec!["refund/SECOND".to_owned()], "refund/FIRST".to_owned());
    assert_eq!(told(&both), expected);
    // The one changed long before what is read.
    let shop = Shop::open(shop_with(vec![first(), second()], known())).await;
    let late = shop.read_span("2026-11-21T19:32:00Z", "2026-11-21T20:00:00Z", None).await;
    assert_eq!(told(&late), (expected.0.clone(), String::new()));
    // What the bank refused was paid back by nobody.
    let mut refused = first();
    refused["status"] = json!("REJECTED");
    let again = read(vec![refused, second()], known()).await;
    assert_eq!(told(&again), (Vec::new(), "refund/SECOND".to_owned()));
    // One that names the return goes before any other.
    let mut named = second();
    named["order_id"] = json!("ORDreturn00001");
    let named = read(vec![first(), named], known()).await;
    assert_eq!(told(&named), (vec!["refund/FIRST".to_owned()], "refund/SECOND".to_owned()));
}

#[tokio::test]
async fn a_refund_whose_order_is_left_out_of_the_answer_is_not_lost() {
    // Asked for by id, orders that the vendor does not know are missing without a word.
    assert_eq!(read(vec![refund("ORDgone")], vec![]).await.ids(), [OWN]);
}

#[tokio::test]
async fn only_money_that_went_back_counts_and_unknown_states_are_quarantined() {
    let in_state = |id: &str, state: &str| {
        let mut refund = refund("ORDexample0001");
        (refund["id"], refund["status"]) = (json!(id), json!(state));
        refund
    };
    let refunds = ["PENDING", "REJECTED", "FAILED", "REVERSED"].map(|state| in_state(state, state));
    let read = read(refunds.to_vec(), vec![sale()]).await;
    assert_eq!(read.drafts.len(), 1);
    assert!(read.drafts[0].as_ref().unwrap_err().reason.contains("status"));
}

#[tokio::test]
async fn a_page_of_a_hundred_refunds_asks_for_its_orders_at_once() {
    let refunds: Vec<Value> = (0..100)
        .map(|number| {
            let mut refund = refund(&format!("ORD{number}"));
            refund["id"] = json!(format!("R{number}"));
            refund
        })
        .collect();
    let known = (0..100).map(|number| {
        let mut order = return_order();
        order["id"] = json!(format!("ORD{number}"));
        order
    });
    let shop = Shop::open(shop_with(refunds, known.collect())).await;
    assert_eq!(shop.read(Stream::Transactions).await.drafts, []);
    assert_eq!(shop.server.seen_at("/v2/orders/batch-retrieve").len(), 1);
}
