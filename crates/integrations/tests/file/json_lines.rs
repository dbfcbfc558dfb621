//! JSON Lines: nested, uneven and broken objects.

use super::support::{TestFile, options};

const GOOD: &str = r#"{"store":"S1","product":"m","counted_at":"2025-01-02","quantity":1.50}"#;

#[test]
fn numbers_keep_their_digits_and_nested_fields_have_dots() {
    let text = r#"{"at":{"shop":"S1"},"product":1234567890123456789012,"counted_at":"2025-01-02","quantity":1.50,"tags":[1, 2]}"#;
    let mapping = options("[columns]\nstore = \"at.shop\"");
    let file = TestFile::new("a.jsonl", text).read_with(&mapping);
    let level = file.records[0].level();
    assert_eq!(level.store.value().unwrap(), "S1");
    assert_eq!(level.product.value().unwrap(), "1234567890123456789012");
    assert_eq!(level.quantity_on_hand.value().unwrap().to_string(), "1.50");
    assert_eq!(file.records[0].raw["at.shop"], "S1");
    assert_eq!(file.records[0].raw["tags"], "[1, 2]");
}

#[test]
fn broken_lines_are_malformed_and_the_rest_is_read() {
    let text = format!(
        "{GOOD}\n{{\"store\":\n\n[1]\n{{\"store\":\"A\",\"store\":\"B\"}}\n{{\"x\":1,\"x\":2}}\n\
         {{\"a.b\":1,\"a\":{{\"b\":2}}}}\n{GOOD}"
    );
    let file = TestFile::new("a.jsonl", text).read();
    assert_eq!(file.stores(), ["S1", "!", "!", "!", "!", "!", "S1"]);
    assert!(file.records[1].reason().starts_with("it is no JSON"));
    assert_eq!(
        file.records[2].reason(),
        "it is no JSON object: JSON Lines has one a line, from { to }"
    );
    assert_eq!(file.records[3].reason(), "it says 'store' twice");
    assert_eq!(file.records[4].reason(), "it says 'x' twice");
    assert_eq!(file.records[5].reason(), "it says 'a.b' twice");
    assert_eq!(file.records[6].line(), 8);
    assert_eq!(file.records[1].raw, "{\"store\":");
}

#[test]
fn fields_may_differ_from_line_to_line() {
    let other = r#"{"quantity":2,"counted_at":"2025-01-02","extra":{"x":null},"product":"m","store":"S\u00e4"}"#;
    let file = TestFile::new("a.jsonl", format!("{GOOD}\n{other}\n{{}}\n")).read();
    assert_eq!(file.stores(), ["S1", "Sä", "-"]);
    assert_eq!(file.records[1].raw["extra.x"], serde_json::Value::Null);
}

#[test]
fn an_optional_column_may_first_appear_after_the_first_records() {
    let mut text = format!("{GOOD}\n").repeat(2000);
    text.push_str(&GOOD.replace("\"quantity\"", "\"later\":5,\"quantity\""));
    let file = TestFile::new("a.jsonl", &text);
    let read = file.read_with(&options("[columns]\nquantity_reserved = \"later\""));
    let reserved = |index: usize| read.records[index].level().quantity_reserved.value().is_some();
    assert!(!reserved(0) && reserved(2000));
    let refusal = file.refusal("[columns]\nquantity_reserved = \"quantitty\"");
    assert!(refusal.contains("did you mean 'quantity'?"), "{refusal}");
    let refusal = file.refusal("[columns]\nstore = \"later\"");
    assert!(refusal.contains("which the file lacks"), "{refusal}");
}

#[test]
fn a_document_that_is_no_json_lines_is_refused_with_the_way_out() {
    for text in ["[\n{\"store\":1}\n]\n", "{\n  \"store\": 1\n}\n"] {
        let refusal = TestFile::new("a.json", text).refusal("");
        assert!(refusal.contains("jq -c"), "{refusal}");
    }
}

#[test]
fn nul_characters_and_invalid_bytes_are_told_apart() {
    let nul = GOOD.replace("S1", "S\\u0000");
    let mut bytes = format!("{nul}\n").into_bytes();
    bytes.extend_from_slice(b"{\"store\":\"\xff\"}\n");
    let file = TestFile::new("a.jsonl", bytes).read();
    assert!(file.records[0].level().store.problem().unwrap().reason.contains("NUL"));
    assert_eq!(file.records[0].raw["store"], "S\\0");
    assert!(file.records[1].reason().contains("no UTF-8"));
}

#[test]
fn a_line_of_any_length_is_refused_and_left_behind() {
    let long = format!("{{\"store\":\"{}\"}}", "x".repeat(3_000_000));
    let file = TestFile::new("a.jsonl", format!("{GOOD}\n{long}\n{GOOD}\n")).read();
    assert_eq!(file.stores(), ["S1", "!", "S1"]);
    assert!(file.records[1].reason().contains("3000012 bytes long"));
}
