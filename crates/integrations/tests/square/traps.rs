//! Traps that other connectors to this vendor fell into, and what keeps us out of each.
//!
//! | trap | test |
//! |---|---|
//! | events of orders do not come for sales at a till | `webhooks::a_payment_is_the_hint_of_a_sale_at_a_till` |
//! | an event's `data.type` is not what is documented; orders are told of twice, or as drafts only | `webhooks::each_kind_leads_to_its_stream_whatever_data_type_says`, [`a_draft_that_becomes_an_order_is_read_then`] |
//! | the older signature, by SHA-1; the address as a proxy sees it | `webhooks::only_the_address_as_configured_and_the_bytes_as_sent_count`, `forgery` |
//! | a cursor by time of creation misses what changes later | `history::the_next_run_reads_from_the_vendors_own_time_with_an_overlap` |
//! | the catalogue's `begin_time` is exclusive | `catalogue::even_without_an_overlap_a_change_at_the_same_time_is_seen` |
//! | sales made offline come up to 72 hours late | `history::days_of_lateness_are_read_again_once_a_day`, `lines::an_offline_sale_keeps_the_time_it_was_made` |
//! | searches and lists lag a few seconds behind events | [`a_notification_reads_a_few_seconds_back`] |
//! | newest first is the default order: what changes meanwhile is skipped | `history::a_search_sorts_by_the_time_it_filters_by_oldest_first`, `simulated::what_is_sold_and_changed_while_pages_are_read_is_not_lost` |
//! | sorting by another time than is filtered by is refused | `history::a_search_sorts_by_the_time_it_filters_by_oldest_first` |
//! | orders clipped at the 500 of a page | `resume::more_orders_than_a_page_holds_are_all_read` |
//! | 10 stores a search, 100 refunds, 1,000 objects and counts a page | `history::more_than_ten_stores_are_asked_for_in_groups`, [`more_refunds_than_a_page_holds_are_all_read`], `simulated::nothing_is_cut_off_at_the_most_of_a_page` |
//! | payments without a store are those of the main store | `simulated::payments_are_never_listed`; refunds without one are those of all |
//! | refunds older than a year are left out unless asked for | `history::refunds_are_asked_for_by_change_of_any_age` |
//! | a refund is pending for days | [`a_refund_that_is_settled_later_is_read_then`] |
//! | a return is an order of its own and a refund beside it | `refunds::a_refund_of_goods_is_not_counted_a_second_time` and its neighbours |
//! | a cursor lives five minutes and is bound to its question | `resume::a_forgotten_page_begins_again_where_reading_ended`, `resume::every_page_is_read_with_the_same_question`, `inventory::a_forgotten_page_begins_anew` |
//! | a page without records is taken for the last one | [`a_page_without_orders_is_not_the_end_while_another_follows`] |
//! | a list within a record is cut off at some length | [`an_order_of_hundreds_of_lines_is_read_whole`] |
//! | asked for by id, unknown orders are missing without a word | `refunds::a_refund_whose_order_is_left_out_of_the_answer_is_not_lost` |
//! | an empty list is left out | `history::a_tenant_without_stores_is_read_to_its_end`, `inventory::no_counts_at_all_are_no_news` |
//! | HTML with any status; errors beside data in a 200 | `failures::whatever_may_pass_is_asked_again`, `shape::partial_data_beside_an_error_is_not_taken_for_all` |
//! | amounts in the smallest unit, of 0, 2 or 3 decimals | `lines::each_currency_has_its_own_smallest_unit` |
//! | quantities are fractions as text | `lines::quantities_are_fractions_as_text` |
//! | a field of another type than documented fails the batch | `shape::a_record_of_another_shape_is_quarantined_whole_and_the_rest_goes_on` |
//! | words and fields that nobody told us of; a version that is not ours | `lines::unknown_words_are_quarantined_with_the_line_alone`, `shape::new_fields_are_ignored`, `shape::the_version_is_asked_for_and_another_is_refused` |
//! | no SKU, or the same one twice | `catalogue::a_price_that_varies_is_no_price_and_an_unknown_kind_is_refused`, [`the_same_sku_twice_is_two_products`] |
//! | what is deleted comes as a stub | `catalogue::what_was_deleted_keeps_what_is_known_of_it` |
//! | stock that begins to be counted shows in no change | `inventory::stock_that_begins_to_be_counted_is_seen_within_a_week` |
//! | counts of one shelf come twice, the older one last | [`counts_of_one_shelf_that_come_twice_are_both_told_for_the_merge_to_choose`], `db/tests/sink/versions.rs` |
//! | tokens renewed too late, twice at once, or not stored first | `tokens`, all of it, and `tokens::a_pair_that_could_not_be_stored_is_not_used` |
//! | the answer to a renewal is lost | [`a_renewal_whose_answer_is_lost_is_asked_for_again`] |
//! | a token expires, or a scope is taken away, between two pages | [`a_token_that_expires_between_two_pages_costs_no_page`], [`a_scope_taken_away_between_two_pages_keeps_what_was_read`] |
//! | our clock is wrong | [`a_wrong_clock_moves_no_cursor`] |
//! | a 429 without `Retry-After`, a storm of them | `throttling`, all of it |
//! | who does not answer, or never to the end | `failures::who_says_nothing_any_more_or_takes_for_ever_is_not_waited_for`, `failures::nor_is_one_that_does_not_say_how_long_it_is` |
//! | events out of order, older versions behind newer ones | the merge: `db/tests/sink/versions.rs` |
//! | the same event twice, also at the same moment | `shelfops/tests/journeys/forgery.rs` |
//! | events that never come: reading goes on by schedule | `shelfops/tests/journeys/convergence.rs` |
//! | orders are edited: lines change and go; stores and products are called otherwise, and orders keep the name that was sold | `shelfops/tests/journeys/convergence.rs`, `simulators/tests/square/orders.rs` |
//! | a sale is refunded when its day is over | `lines::the_documents_sale_and_return_are_read_exactly`, `day::refunds_without_goods_are_counted_too` |
//! | a second run without news reads everything again | `history::the_next_run_reads_from_the_vendors_own_time_with_an_overlap`, `shelfops/tests/journeys/connected.rs` |

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_ingest::records::Draft;
use shelfops_integrations::connector::{Disposition, OpenRequest, Reach};

use super::fixtures::{error, line, money, order, orders, refund, shop_of};
use super::server::{Answer, Seen, json, status};
use super::shop::Shop;

const TOKEN: &str = "/oauth2/token";

fn renewed() -> Answer {
    json(json!({
        "access_token": "access-2", "token_type": "bearer", "expires_at": "2026-12-23T10:00:00Z",
        "merchant_id": "MLMERCHANT001", "refresh_token": "refresh-1", "short_lived": false,
    }))
}

/// Orders A to D, two a page.
fn two_pages(seen: &Seen) -> Answer {
    let page =
        |ids: [&str; 2], hour| ids.map(|id| order(id, &format!("2026-11-21T1{hour}:00:00Z")));
    match seen.body["cursor"].as_str() {
        None => orders(&page(["A", "B"], 0), Some("2")),
        Some(_) => orders(&page(["C", "D"], 1), None),
    }
}

const ALL: [&str; 4] = ["A/li-1", "B/li-1", "C/li-1", "D/li-1"];

/// One store with refunds as told, and the sale that they are of.
fn with_refunds(mut refunds: impl FnMut(&Seen) -> Answer + Send) -> impl FnMut(&Seen) -> Answer {
    let mut rest = shop_of(|_| orders(&[], None));
    move |seen| match seen.path() {
        "/v2/refunds" => refunds(seen),
        "/v2/orders/batch-retrieve" => orders(&[order("SALE", "2026-11-20T17:04:11Z")], None),
        _ => rest(seen),
    }
}

/// Returns what the last column of the table names.
fn named() -> Vec<&'static str> {
    let rows = include_str!("traps.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    let tests = rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | "));
    // Between back quotes is every other piece.
    tests.flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn each_test_that_the_table_names_is_there() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tests = crates.join("integrations/tests");
    let names = named();
    assert!(names.len() > 45, "{names:?}");
    for name in names {
        if name.ends_with(".rs") {
            assert!(crates.join(name).is_file(), "{name}");
            continue;
        }
        let (module, test) = match name.split_once("::") {
            Some((module, test)) => (module, Some(test)),
            None if name.contains('_') => ("traps", Some(name)),
            None => (name, None),
        };
        let places = [format!("square/{module}.rs"), format!("{module}/mod.rs")];
        let text = places.iter().find_map(|place| std::fs::read_to_string(tests.join(place)).ok());
        let text = text.unwrap_or_else(|| panic!("{name}: none of {places:?} is there"));
        assert!(test.is_none_or(|test| text.contains(&format!("fn {test}("))), "{name}");
    }
}

#[tokio::test]
async fn a_refund_that_is_settled_later_is_read_then() {
    let mut asked = 0;
    let shop = Shop::open(with_refunds(move |_| {
        asked += 1;
        let mut refund = refund("SALE");
        if asked == 1 {
            refund["status"] = json!("PENDING");
        } else {
            refund["updated_at"] = json!("2026-11-25T08:00:00Z");
        }
        json(json!({ "refunds": [refund] }))
    }))
    .await;
    let pending = shop.read(Stream::Transactions).await;
    assert!(pending.error.is_none() && pending.drafts.is_empty(), "{:?}", pending.drafts);
    let settled = shop.read_from(Stream::Transactions, Some(pending.cursor())).await;
    assert_eq!(settled.ids(), ["refund/PAY7hq2ExampleA_RF1"]);
}

#[tokio::test]
async fn more_refunds_than_a_page_holds_are_all_read() {
    const COUNT: usize = 201;
    let shop = Shop::open(with_refunds(|seen| {
        let first = seen.parameter("cursor").map_or(0, |page| page.parse().unwrap());
        let next = (first + 100).min(COUNT);
        let page = (first..next).map(|number| {
            let mut refund = refund("SALE");
            refund["id"] = json!(format!("R{number}"));
            refund
        });
        let cursor = (next < COUNT).then(|| next.to_string());
        json(json!({ "refunds": page.collect::<Vec<_>>(), "cursor": cursor }))
    }))
    .await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(read.ids().len(), COUNT);
}

#[tokio::test]
async fn a_draft_that_becomes_an_order_is_read_then() {
    let mut asked = 0;
    let shop = Shop::open(shop_of(move |_| {
        asked += 1;
        let mut order = order("A", &format!("2026-11-21T1{asked}:00:00Z"));
        order["state"] = json!(if asked == 1 { "DRAFT" } else { "OPEN" });
        orders(&[order], None)
    }))
    .await;
    let draft = shop.read(Stream::Transactions).await;
    assert!(draft.drafts.is_empty());
    let open = shop.read_from(Stream::Transactions, Some(draft.cursor())).await;
    assert_eq!(open.ids(), ["A/li-1"]);
}

#[tokio::test]
async fn a_page_without_orders_is_not_the_end_while_another_follows() {
    let shop = Shop::open(shop_of(|seen| match seen.body["cursor"].as_str() {
        None => json(json!({ "cursor": "2" })),
        Some(_) => orders(&[order("A", "2026-11-21T10:00:00Z")], None),
    }))
    .await;
    assert_eq!(shop.read(Stream::Transactions).await.ids(), ["A/li-1"]);
}

#[tokio::test]
async fn an_order_of_hundreds_of_lines_is_read_whole() {
    const COUNT: usize = 300;
    let mut order = order("A", "2026-11-21T10:00:00Z");
    order["line_items"] = (1..=COUNT).map(|number| line(&format!("li-{number}"))).collect();
    let mut once = Some(order);
    let handler = shop_of(move |_| orders(&Vec::from_iter(once.take()), None));
    let ids = Shop::open(handler).await.read(Stream::Transactions).await.ids();
    assert_eq!((ids.len(), &*ids[COUNT - 1]), (COUNT, "A/li-300"));
}

#[tokio::test]
async fn a_notification_reads_a_few_seconds_back() {
    let shop =
        Shop::open(shop_of(|_| orders(&[order("A", "2026-11-21T10:00:00.500Z")], None))).await;
    let first = shop.read(Stream::Transactions).await;
    let asked = shop.server.searches().len();
    let request = OpenRequest {
        stream: Stream::Transactions,
        cursor: Some(first.cursor()),
        span: None,
        reach: Reach::Recent,
    };
    assert_eq!(shop.read_request(request).await.ids(), ["A/li-1"]);
    let search = &shop.server.searches()[asked].body;
    let from = &search["query"]["filter"]["date_time_filter"]["updated_at"]["start_at"];
    assert_eq!(from, "2026-11-21T09:59:45.5Z");
}

#[tokio::test]
async fn a_renewal_whose_answer_is_lost_is_asked_for_again() {
    for lost in [Answer::HangUp, Answer::Cut("{\"access_token\": \"acc".to_owned())] {
        let mut is_lost = false;
        let mut rest = shop_of(two_pages);
        let shop = Shop::open(move |seen| match seen.path() {
            TOKEN if !std::mem::replace(&mut is_lost, true) => lost.clone(),
            TOKEN => renewed(),
            _ => rest(seen),
        })
        .await;
        shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
        assert_eq!(shop.read(Stream::Transactions).await.ids(), ALL);
        let asked = shop.server.seen_at(TOKEN);
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0].body, asked[1].body, "the token that was sent is still good");
    }
}

#[tokio::test]
async fn a_token_that_expires_between_two_pages_costs_no_page() {
    let mut rest = shop_of(two_pages);
    let shop = Shop::open(move |seen| {
        let is_second = seen.body["cursor"] == "2";
        let is_old = seen.header("authorization") == Some("Bearer access-1");
        match seen.path() {
            TOKEN => renewed(),
            _ if is_second && is_old => {
                status(401, error("AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED"))
            }
            _ => rest(seen),
        }
    })
    .await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(read.ids(), ALL);
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
}

#[tokio::test]
async fn a_scope_taken_away_between_two_pages_keeps_what_was_read() {
    let mut refusals = 0;
    let mut rest = shop_of(two_pages);
    let shop = Shop::open(move |seen| {
        if seen.body["cursor"] == "2" && refusals == 0 {
            refusals += 1;
            return status(403, error("AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES"));
        }
        rest(seen)
    })
    .await;
    let read = shop.read(Stream::Transactions).await;
    let (said, disposition) = read.failure();
    assert!(said.contains("ORDERS_READ"), "{said}");
    assert_eq!(disposition, Disposition::Reconnect);
    assert_eq!(read.ids(), ALL[..2]);
    // Granted again, reading goes on behind what was kept.
    let rest = shop.read_from(Stream::Transactions, Some(read.cursor())).await;
    assert_eq!(rest.ids()[..2], ALL[2..]);
}

#[tokio::test]
async fn a_wrong_clock_moves_no_cursor() {
    let cursor_by = async |date: &'static str, ours_ahead: u64| {
        let mut rest = shop_of(|_| orders(&[order("A", "2026-11-21T10:00:00Z")], None));
        let shop = Shop::open(move |seen| match rest(seen) {
            Answer::Whole(status, mut headers, body) => {
                headers.retain(|(name, _)| *name != "date");
                headers.push(("date", date.to_owned()));
                Answer::Whole(status, headers, body)
            }
            other => other,
        })
        .await;
        shop.surroundings.advance(Duration::from_secs(ours_ahead));
        let read = shop.read(Stream::Transactions).await;
        assert_eq!(read.ids().last().unwrap(), "A/li-1");
        read.state()
    };
    let right = cursor_by("Sun, 22 Nov 2026 12:00:00 GMT", 0).await;
    assert_eq!(right["read_up_to"], "2026-11-21T10:00:00Z");
    assert_eq!(cursor_by("Sun, 22 Nov 2026 12:05:00 GMT", 0).await, right, "ours is behind");
    assert_eq!(cursor_by("Sun, 22 Nov 2026 12:00:00 GMT", 300).await, right, "ours is ahead");
}

#[tokio::test]
async fn the_same_sku_twice_is_two_products() {
    let variation = |id: &str| {
        json!({
            "type": "ITEM_VARIATION", "id": id, "updated_at": "2026-11-18T09:12:44.117Z",
            "version": 7, "is_deleted": false, "present_at_all_locations": true,
            "item_variation_data": {
                "item_id": "ITM1", "name": id, "sku": "THE-SAME", "pricing_type": "FIXED_PRICING",
                "price_money": money(1200),
            },
        })
    };
    let item = json!({
        "type": "ITEM", "id": "ITM1", "updated_at": "2026-11-18T09:30:00Z", "version": 7,
        "is_deleted": false,
        "item_data": { "name": "Mug", "variations": [variation("V1"), variation("V2")] },
    });
    let shop = Shop::open(move |_: &Seen| {
        json(json!({ "objects": [item], "latest_time": "2026-11-18T10:00:00.001Z" }))
    })
    .await;
    let read = shop.read(Stream::Products).await;
    let of_sku = read.drafts.iter().filter_map(|draft| match draft {
        Ok(Draft::Product(product))
            if product.sku.value().is_some_and(|sku| *sku == *"THE-SAME") =>
        {
            Some(product.external_id.value().unwrap().to_string())
        }
        _ => None,
    });
    assert_eq!(of_sku.collect::<Vec<_>>(), ["V1", "V2"]);
}

#[tokio::test]
async fn counts_of_one_shelf_that_come_twice_are_both_told_for_the_merge_to_choose() {
    let count = |quantity: &str, at: &str| {
        json!({
            "catalog_object_id": "V1", "catalog_object_type": "ITEM_VARIATION",
            "state": "IN_STOCK", "location_id": "LSHELF01", "quantity": quantity,
            "calculated_at": at,
        })
    };
    let counts = [count("4", "2026-11-21T19:30:03.210Z"), count("9", "2026-11-21T08:00:00Z")];
    let shop = Shop::open(move |_: &Seen| json(json!({ "counts": counts }))).await;
    let read = shop.read(Stream::Inventory).await;
    let levels: Vec<(String, String)> = read
        .drafts
        .iter()
        .map(|draft| match draft {
            Ok(Draft::InventoryLevel(level)) => (
                level.quantity_on_hand.value().unwrap().to_string(),
                level.counted_at.value().unwrap().instant.to_string(),
            ),
            other => panic!("{other:?}"),
        })
        .collect();
    let told = |quantity: &str, at: &str| (quantity.to_owned(), at.to_owned());
    assert_eq!(levels, [told("4", "2026-11-21T19:30:03.21Z"), told("9", "2026-11-21T08:00:00Z")]);
    assert_ne!(read.state()["read_up_to"], Value::Null);
}
