//! Records kept in quarantine are read again as the file's own reader read them.

use shelfops_ingest::Stream;
use shelfops_integrations::file::{Mapping, draft_from_raw};

use super::support::{TestFile, check_replay, conventions, inventory_csv, options};

#[test]
fn csv_records_are_read_again_alike() {
    let text = format!("{}S\0,m,2025-01-02,7\nS4,m\n", inventory_csv(&["S1", "\"S\n2\"", ""]));
    check_replay(&TestFile::new("a.csv", text), "");
}

#[test]
fn computed_fields_are_read_again_alike() {
    let text = "a,b,c,d,counted_at,x,y,price,price\n1,2,,sku1,04.03.2025,\"1.000,5\",\"0,25\",1,2\n\
                ,2,upc,sku,04.03.2025,,,1,2\n1,,,,31.02.2025,x,1,1,2\n";
    let mapping = r#"
        number_format = "point-groups"
        time_format = "day-first"
        [columns]
        store = "{a}/{b} {{x}}"
        product = { column = "c", otherwise = ["d"], words = { sku1 = "one" } }
        quantity_on_hand = { sum = ["x", "y"] }
        quantity_reserved = { column = "price_2" }
        quantity_on_order = { constant = "0" }
    "#;
    let file = TestFile::new("a.csv", text);
    check_replay(&file, mapping);
    let read = file.read_with(&options(mapping));
    let first = read.records[0].level();
    assert_eq!(first.store.value().unwrap(), "1/2 {x}");
    assert_eq!(first.product.value().unwrap(), "one");
    assert_eq!(first.quantity_on_hand.value().unwrap().to_string(), "1000.75");
    assert_eq!(first.quantity_reserved.value().unwrap().to_string(), "2");
    let second = read.records[1].level();
    assert!(second.store.is_absent() && second.quantity_on_hand.is_absent());
    assert_eq!(second.product.value().unwrap(), "upc");
    let third = read.records[2].level();
    assert!(third.quantity_on_hand.problem().unwrap().reason.contains("'x'"));
    assert!(third.product.is_absent() && third.counted_at.problem().is_some());
}

#[test]
fn json_records_are_read_again_alike() {
    let text = r#"{"at":{"store":"S1"},"product":"m","counted_at":"2025-01-02","quantity":1.50}
{"at":{"store":12345678901234567890123},"sku":"m","counted_at":"2025-01-02","quantity":1e400}
{"product":"a\u0000","counted_at":null,"quantity":true,"on_hand":[1]}
broken
"#;
    check_replay(&TestFile::new("a.jsonl", text), "[columns]\nstore = \"at.store\"");
}

#[test]
fn a_single_record_is_read_by_a_users_mapping() {
    let raw = serde_json::json!({
        "at": {"shop": "S1"}, "sku": 5, "counted_at": "2025-01-02", "stock": 2.5
    });
    let mapping = Mapping::parse("[columns]\nstore = \"at.shop\"").unwrap();
    let draft = draft_from_raw(&raw, &mapping, Stream::Inventory, &conventions()).unwrap();
    let record = format!("{:?}", draft.accept().unwrap());
    assert!(record.contains("S1") && record.contains("quantity_on_hand: 2.5"), "{record}");
    let wrong = Mapping::parse("[columns]\nshoe_size = \"x\"").unwrap();
    assert!(draft_from_raw(&raw, &wrong, Stream::Inventory, &conventions()).is_err());
}
