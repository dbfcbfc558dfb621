//! What lines of orders become.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_ingest::records::{Draft, TransactionDraft, TransactionType};
use shelfops_integrations::connector::Connector as _;
use shelfops_integrations::square::Square;

use super::fixtures::{line, money, order, orders, return_order, shop_of};
use super::shop::{Read, Shop};

const UPDATED: &str = "2026-11-20T17:04:11.010Z";

/// Reads orders from one page, and checks that each record can be read again from what quarantine
/// would keep of it.
async fn read(given: Vec<Value>) -> Read {
    let shop = Shop::open(shop_of(move |_| orders(&given, None))).await;
    let read = shop.read(Stream::Transactions).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    for (draft, raw) in read.drafts.iter().zip(&read.raw) {
        assert!(!raw.to_string().contains("Shopper"), "personal data is left out: {raw}");
        let mut draft = draft.clone();
        if let Ok(Draft::Transaction(line)) = &mut draft {
            assert!(line.order_lines.is_some(), "an order is told whole: {raw}");
            // What is kept of it is one line.
            line.order_lines = None;
        }
        assert_eq!(Square.draft_from_raw(Stream::Transactions, raw), draft, "{raw}");
    }
    read
}

fn order_with(change: impl FnOnce(&mut Value)) -> Value {
    let mut order = order("ORDexample0001", UPDATED);
    change(&mut order);
    order
}

/// Reads the one line of an order whose line was changed.
async fn read_line(change: impl FnOnce(&mut Value)) -> Read {
    read(vec![order_with(|order| change(&mut order["line_items"][0]))]).await
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Quantity, unit price, discount, tax and total, as text.
fn amounts(line: &TransactionDraft) -> [String; 5] {
    [&line.quantity, &line.unit_price, &line.discount_amount, &line.tax_amount, &line.total_amount]
        .map(|field| field.value().map_or_else(|| "-".to_owned(), ToString::to_string))
}

#[tokio::test]
async fn the_documents_sale_and_return_are_read_exactly() {
    let read = read(vec![order("ORDexample0001", UPDATED), return_order()]).await;
    assert_eq!(read.ids(), ["ORDexample0001/li-1", "ORDreturn00001/return/rli-1"]);
    let lines = read.lines();
    assert_eq!(amounts(lines[0]), ["2", "11.00", "2.00", "1.60", "21.60"]);
    assert_eq!(amounts(lines[1]), ["1", "11.00", "1.00", "0.80", "10.80"]);
    let kinds = lines.iter().map(|line| *line.transaction_type.value().unwrap());
    assert_eq!(kinds.collect::<Vec<_>>(), [TransactionType::Sale, TransactionType::Return]);
    assert_eq!(lines[0].product.value().unwrap(), "VARMUGBLUE01");
    assert_eq!(lines[0].store.value().unwrap(), "LSHELF01");
    assert_eq!(lines[0].order_id.value().unwrap(), "ORDexample0001");
    assert_eq!(
        lines[0].occurred_at.value().unwrap().instant.to_string(),
        "2026-11-20T17:04:09.87Z"
    );
    let updated_at = lines[0].updated_at.value().unwrap().instant.to_string();
    assert_eq!(updated_at, "2026-11-20T17:04:11.010004Z", "the fourth version of that moment");
    assert_eq!(read.refused(), []);
}

#[tokio::test]
async fn an_offline_sale_keeps_the_time_it_was_made() {
    let late = order_with(|order| {
        order["created_at"] = json!("2026-11-19T09:00:00Z");
        order["updated_at"] = json!("2026-11-22T08:59:59Z");
    });
    let read = read(vec![late]).await;
    let occurred_at = read.lines()[0].occurred_at.value().unwrap().instant.to_string();
    assert_eq!(occurred_at, "2026-11-19T09:00:00Z");
}

#[tokio::test]
async fn each_currency_has_its_own_smallest_unit() {
    for (currency, total) in [("JPY", "2160"), ("KWD", "2.160"), ("USD", "21.60")] {
        let text = order("ORDexample0001", UPDATED).to_string().replace("USD", currency);
        let read = read(vec![serde_json::from_str(&text).unwrap()]).await;
        let line = read.lines()[0];
        assert_eq!(line.currency.value().unwrap().code(), currency);
        assert_eq!(line.total_amount.value().unwrap().to_string(), total);
        assert_eq!(read.refused(), [], "{currency}");
    }
}

#[tokio::test]
async fn quantities_are_fractions_as_text() {
    let weighed = read_line(|line| {
        line["quantity"] = json!("0.333");
        line["base_price_money"] = money(999);
        line["gross_sales_money"] = money(333);
        line["total_discount_money"] = money(0);
        line["total_tax_money"] = money(0);
        line["total_money"] = money(333);
    })
    .await;
    assert_eq!(amounts(weighed.lines()[0]), ["0.333", "9.99", "0.00", "0.00", "3.33"]);
    assert_eq!(weighed.refused(), []);
    let number = read_line(|line| line["quantity"] = json!(2)).await;
    assert_eq!(number.refused()[0].0, "well-formed");
    let words = read_line(|line| line["quantity"] = json!("two")).await;
    assert_eq!(words.refused()[0].0, "number-readable");
}

#[tokio::test]
async fn more_decimals_than_we_store_are_quarantined_and_not_rounded() {
    let read = read_line(|line| line["quantity"] = json!("2.00001")).await;
    assert_eq!(read.refused()[0].0, "quantity-positive");
}

#[tokio::test]
async fn cancelled_orders_are_void_and_drafts_are_no_orders() {
    let cancelled = order_with(|order| order["state"] = json!("CANCELED"));
    let draft = order_with(|order| order["state"] = json!("DRAFT"));
    let open = order_with(|order| order["state"] = json!("OPEN"));
    let read = read(vec![cancelled, draft, open]).await;
    let kinds = read.lines().into_iter().map(|line| *line.transaction_type.value().unwrap());
    assert_eq!(kinds.collect::<Vec<_>>(), [TransactionType::Void, TransactionType::Sale]);
}

#[tokio::test]
async fn of_two_versions_of_one_moment_the_later_one_is_newer() {
    let in_version = |version: Value| order_with(|order| order["version"] = version);
    let versions = [json!(1), json!(2), json!(70_000), Value::Null];
    let read = read(versions.map(in_version).to_vec()).await;
    let at = |line: &&TransactionDraft| line.updated_at.value().unwrap().instant;
    let lines = read.lines();
    let told: Vec<_> = lines.iter().map(at).map(|at| at.subsec_microsecond()).collect();
    assert_eq!(told, [10_001, 10_002, 10_999, 10_000]);
}

#[tokio::test]
async fn an_order_without_any_line_takes_back_the_lines_that_it_had() {
    let emptied = |id: &str, state: &str| {
        let mut emptied = order(id, UPDATED);
        emptied["state"] = json!(state);
        emptied["line_items"] = json!([]);
        emptied["total_money"] = money(0);
        emptied
    };
    let mut without_list = emptied("B", "CANCELED");
    without_list.as_object_mut().unwrap().remove("line_items");
    let orders = vec![
        emptied("A", "OPEN"),
        without_list,
        emptied("C", "DRAFT"),
        emptied("D", "PARKED"),
        order("E", UPDATED),
        return_order(),
    ];
    let read = read(orders).await;
    assert_eq!(read.ids(), ["E/li-1", "ORDreturn00001/return/rli-1"]);
    assert_eq!(read.withdrawn_ids(), ["A", "B"]);
    let emptied = &read.withdrawn[0];
    assert_eq!(&*emptied.store, "LSHELF01");
    assert_eq!(emptied.occurred_at.to_string(), "2026-11-20T17:04:09.87Z");
    assert_eq!(emptied.updated_at.to_string(), "2026-11-20T17:04:11.010004Z");
}

#[tokio::test]
async fn an_order_that_comes_to_something_and_tells_no_line_takes_nothing_back() {
    let mut renamed = order("A", UPDATED);
    let lines = renamed.as_object_mut().unwrap().remove("line_items").unwrap();
    renamed["items"] = lines;
    let mut tip_alone = order("B", UPDATED);
    tip_alone["line_items"] = json!([]);
    tip_alone["total_money"] = money(500);
    tip_alone["total_tip_money"] = money(500);
    let read = read(vec![renamed, tip_alone]).await;
    assert_eq!(read.withdrawn_ids(), ["B"]);
    let [(_, reason)] = &read.refused()[..] else { panic!("{:?}", read.refused()) };
    assert_eq!(reason, "it has no line that we know");
}

#[tokio::test]
async fn a_custom_amount_stands_for_itself_as_does_a_gift_card() {
    let custom = |item_type: Value| {
        order_with(|order| {
            let line = &mut order["line_items"][0];
            line.as_object_mut().unwrap().remove("catalog_object_id");
            line["item_type"] = item_type;
        })
    };
    let read =
        read(vec![custom(json!("CUSTOM_AMOUNT")), custom(Value::Null), custom(json!("GIFT_CARD"))])
            .await;
    let products = read.lines().into_iter().map(|line| line.product.value().unwrap().to_string());
    assert_eq!(products.collect::<Vec<_>>(), ["custom-amount", "custom-amount", "gift-card"]);
    assert_eq!(read.refused(), []);
}

#[tokio::test]
async fn modifiers_are_part_of_the_price() {
    let read = read_line(|line| {
        line["modifiers"] = json!([{ "uid": "m", "name": "Gift box", "base_price_money": money(100), "total_price_money": money(200) }]);
        line["gross_sales_money"] = money(2400);
        line["total_money"] = money(2360);
    })
    .await;
    assert_eq!(amounts(read.lines()[0]), ["2", "12.00", "2.00", "1.60", "23.60"]);
    assert_eq!(read.refused(), []);
}

#[tokio::test]
async fn a_tax_that_prices_contain_is_taken_out_of_them() {
    let read = read_line(|line| {
        line["base_price_money"] = money(1200);
        line["gross_sales_money"] = money(2400);
        line["total_discount_money"] = money(0);
        line["total_tax_money"] = money(400);
        line["total_money"] = money(2400);
    })
    .await;
    assert_eq!(amounts(read.lines()[0]), ["2", "10.00", "0.00", "4.00", "24.00"]);
    assert_eq!(read.refused(), []);
}

#[tokio::test]
async fn tips_are_no_sales_and_service_charges_are_lines() {
    let served = order_with(|order| {
        order["total_tip_money"] = money(500);
        order["service_charges"] = json!([{
            "uid": "sc-1", "name": "Delivery", "applied_money": money(400),
            "total_tax_money": money(32), "total_money": money(432),
        }]);
        order["total_money"] = money(2160 + 432 + 500);
    });
    let read = read(vec![served]).await;
    assert_eq!(read.ids(), ["ORDexample0001/li-1", "ORDexample0001/charge/sc-1"]);
    let charge = read.lines()[1];
    assert_eq!(charge.product.value().unwrap(), "service-charge");
    assert_eq!(amounts(charge), ["1", "4.00", "-", "0.32", "4.32"]);
    assert_eq!(read.refused(), []);
}

#[tokio::test]
async fn a_service_charge_that_is_spread_over_lines_counts_once() {
    let read = read_line(|line| {
        line["total_service_charge_money"] = money(100);
        line["total_money"] = money(2260);
    })
    .await;
    assert_eq!(*read.lines()[0].total_amount.value().unwrap(), decimal("21.60"));
    assert_eq!(read.refused(), []);
}

#[tokio::test]
async fn an_exchange_is_a_sale_and_a_return_even_with_the_same_line_ids() {
    let exchange = order_with(|order| {
        order["returns"] = return_order()["returns"].clone();
        order["returns"][0]["return_line_items"][0]["uid"] = json!("li-1");
    });
    let read = read(vec![exchange]).await;
    assert_eq!(read.ids(), ["ORDexample0001/li-1", "ORDexample0001/return/li-1"]);
}

#[tokio::test]
async fn missing_and_null_are_the_same_and_never_a_zero() {
    let names = [
        "uid",
        "quantity",
        "base_price_money",
        "total_tax_money",
        "total_discount_money",
        "total_money",
    ];
    for name in names {
        let null = read_line(|line| line[name] = Value::Null).await;
        let absent = read_line(|line| drop(line.as_object_mut().unwrap().remove(name))).await;
        assert_eq!(null.drafts, absent.drafts, "{name}");
        let line = null.lines()[0];
        let field = [&line.quantity, &line.tax_amount, &line.discount_amount, &line.total_amount];
        assert!(field.iter().all(|field| field.value() != Some(&Decimal::ZERO)), "{name}");
        if matches!(name, "uid" | "quantity" | "total_money") {
            assert_eq!(null.refused()[0].0, "required-fields", "{name}");
        }
    }
    let without_amount = read_line(|line| line["total_money"]["amount"] = Value::Null).await;
    assert_eq!(without_amount.refused()[0].0, "required-fields");
}

#[tokio::test]
async fn unknown_words_are_quarantined_with_the_line_alone() {
    let state = order_with(|order| order["state"] = json!("PROPOSED"));
    let item_type = order_with(|order| order["line_items"][0]["item_type"] = json!("SUBSCRIPTION"));
    let read = read(vec![state, item_type]).await;
    let reasons: Vec<_> = read.refused();
    assert_eq!(reasons.len(), 2);
    assert!(reasons[0].1.contains("state of its order") && reasons[1].1.contains("item_type"));
    assert_eq!(read.raw[0]["line_items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_bad_line_spoils_no_other() {
    let mixed = order_with(|order| {
        let mut bad = line("li-2");
        bad["total_money"]["amount"] = json!(21.6);
        order["line_items"] = json!([line("li-1"), bad, line("li-3")]);
    });
    let read = read(vec![mixed]).await;
    let well: Vec<bool> = read.drafts.iter().map(Result::is_ok).collect();
    assert_eq!(well, [true, false, true]);
    assert_eq!(read.raw[1]["line_items"][0]["uid"], "li-2");
}

#[tokio::test]
async fn amounts_in_several_currencies_are_not_added_up() {
    let read = read_line(|line| line["total_tax_money"]["currency"] = json!("EUR")).await;
    assert_eq!(read.refused()[0].0, "well-formed");
    let unknown = order("ORDexample0001", UPDATED).to_string().replace("USD", "QQQ");
    let read = self::read(vec![serde_json::from_str(&unknown).unwrap()]).await;
    assert_eq!(read.refused()[0].0, "currency-known");
}

#[tokio::test]
async fn a_line_whose_amounts_contradict_each_other_is_refused() {
    let read = read_line(|line| line["total_money"] = money(9999)).await;
    assert_eq!(read.refused()[0].0, "totals-add-up");
}
