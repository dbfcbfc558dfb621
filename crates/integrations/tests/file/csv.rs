//! CSV: quotes, broken records, odd headers.

use proptest::prelude::{
    Just, ProptestConfig, Strategy, prop, prop_assert_eq, prop_oneof, proptest,
};

use super::support::{HEADER, TestFile, inventory_csv, options};

#[test]
fn records_come_with_their_values_and_places() {
    let file = TestFile::new("a.csv", inventory_csv(&["S1", "S2"])).read();
    assert_eq!(file.stores(), ["S1", "S2"]);
    assert_eq!(file.error, None);
    let record = &file.records[1];
    assert_eq!((record.position.record, record.line()), (2, 3));
    assert_eq!(record.level().quantity_on_hand.value().unwrap().to_string(), "7");
    assert_eq!(
        record.raw,
        serde_json::json!({
            "store": "S2", "product": "milk", "counted_at": "2025-01-02", "quantity_on_hand": "7"
        })
    );
    assert_eq!(file.bytes_read, inventory_csv(&["S1", "S2"]).len() as u64);
}

#[test]
fn a_header_alone_is_a_file_without_records() {
    for text in [HEADER.to_owned(), format!("{HEADER}\r\n\r\n"), format!("\n\n{HEADER}\n")] {
        let file = TestFile::new("a.csv", text).read();
        assert!(file.records.is_empty() && file.error.is_none());
        assert_eq!(file.cursors.len(), 1, "one empty block says that the end was reached");
    }
}

#[test]
fn blank_lines_are_skipped_and_counted_as_lines() {
    let text = format!("{HEADER}\r\n\r\nS1,m,2025-01-02,7\r\n   \r\n\nS2,m,2025-01-02,7");
    let file = TestFile::new("a.csv", text).read();
    let lines: Vec<u64> = file.records.iter().map(|record| record.line()).collect();
    assert_eq!((file.stores(), lines), (vec!["S1".to_owned(), "S2".to_owned()], vec![3, 6]));
}

#[test]
fn a_record_with_another_number_of_fields_is_malformed_and_kept_as_it_stands() {
    let text = format!("{HEADER}\nS1,milk\nS2,m,2025-01-02,7,x\nS3,m,2025-01-02,7\n\"S4\",m\n");
    let file = TestFile::new("a.csv", text).read();
    assert_eq!(file.stores(), ["!", "!", "S3", "!"]);
    assert_eq!(file.records[0].reason(), "it has 2 fields, the header has 4");
    assert_eq!(file.records[1].reason(), "it has 5 fields, the header has 4");
    assert_eq!(file.records[1].raw, "S2,m,2025-01-02,7,x");
    assert_eq!(file.records[3].raw, "\"S4\",m");
}

#[test]
fn a_quoted_field_may_hold_lines_and_the_next_record_has_the_right_line() {
    let text = format!("{HEADER}\n\"S\n1\",\"a \"\"b\"\"\",2025-01-02,7\nS2,m,2025-01-02,7\n");
    let file = TestFile::new("a.csv", text).read();
    assert_eq!(file.records[0].level().store.value().unwrap(), "S\n1");
    assert_eq!(file.records[0].level().product.value().unwrap(), "a \"b\"");
    assert_eq!((file.records[0].line(), file.records[1].line()), (2, 4));
}

#[test]
fn an_unclosed_quote_costs_one_line_wherever_it_stands() {
    let good: Vec<String> = (0..30_000).map(|number| format!("S{number}")).collect();
    let good: Vec<&str> = good.iter().map(String::as_str).collect();
    for (at, broken) in [
        (0, "\"S,m,2025-01-02,7"),
        (15_000, "S,\"m,2025-01-02,7"),
        (30_000, "S,m,2025-01-02,\"7"),
        (100, "S,\"5\" pipe\",2025-01-02,7"),
    ] {
        let mut lines: Vec<String> = inventory_csv(&good).lines().map(str::to_owned).collect();
        lines.insert(at + 1, broken.to_owned());
        let file = TestFile::new("a.csv", lines.join("\n")).read();
        assert_eq!(file.records.len(), 30_001, "{broken}");
        let malformed: Vec<_> =
            file.records.iter().filter(|record| record.draft.is_err()).collect();
        assert_eq!(malformed.len(), 1, "{broken}");
        assert_eq!((malformed[0].line(), &malformed[0].raw), (at as u64 + 2, &broken.into()));
        let reason = malformed[0].reason();
        assert!(reason.contains("quote"), "{reason}");
        assert_eq!(file.records.last().unwrap().position.record, 30_001);
    }
}

#[test]
fn an_unclosed_quote_does_not_hide_quoted_records_behind_it() {
    let text = format!(
        "{HEADER}\nS1,\"m,2025-01-02,7\nS2,\"\",2025-01-02,7\nS3,\"a, b\",2025-01-02,7\n\
         S4,\",\",2025-01-02,7\nS5,m,2025-01-02,7\n"
    );
    let file = TestFile::new("a.csv", text).read();
    assert_eq!(file.stores(), ["!", "S2", "S3", "S4", "S5"]);
    assert!(file.records[0].reason().contains("opened in line 2 is never closed"));
}

#[test]
fn quotes_out_of_step_in_every_line_cost_one_line_each() {
    let stores = vec!["S,\",\",p\"\"\",\","; 20_000];
    let file = TestFile::new("a.csv", inventory_csv(&stores)).read();
    assert_eq!(file.records.len(), 20_000);
    assert!(file.records.iter().all(|record| record.draft.is_err()));
}

#[test]
fn a_single_line_of_100_mb_is_refused_without_holding_it() {
    let mut text = inventory_csv(&["S1"]).into_bytes();
    text.resize(text.len() + 100_000_000, b'x');
    text.extend_from_slice(b"\nS2,m,2025-01-02,7\n");
    let file = TestFile::new("a.csv", text).read();
    assert_eq!(file.stores(), ["S1", "!", "S2"]);
    assert!(file.records[1].reason().contains("100000000 bytes long"));
    let raw = file.records[1].raw.as_str().unwrap();
    assert!(raw.len() < 70_000 && raw.ends_with("(100000000 bytes in all)"));
    assert_eq!(file.records[2].line(), 4);
}

#[test]
fn ten_thousand_columns_are_fine() {
    let more: String = (0..10_000).map(|number| format!(",c{number}")).collect();
    let values = ",1".repeat(10_000);
    let mut text = format!("{HEADER}{more}\n");
    for store in 0..100 {
        text.push_str(&format!("S{store},m,2025-01-02,7{values}\n"));
    }
    let file = TestFile::new("a.csv", text).read();
    assert_eq!(file.stores().len(), 100);
    assert_eq!(file.records[99].raw["c9999"], "1");
    assert_eq!(file.stores()[99], "S99");
}

#[test]
fn a_nul_character_is_refused_where_it_counts_and_shown_in_what_is_kept() {
    let text = format!("{HEADER},note\nS\0,m,2025-01-02,7,x\nS2,m,2025-01-02,7,a\0b\n");
    let file = TestFile::new("a.csv", text).read();
    assert!(file.records[0].level().store.problem().unwrap().reason.contains("NUL"));
    assert_eq!(file.records[0].raw["store"], "S\\0");
    assert_eq!(file.records[1].level().store.value().unwrap(), "S2");
    assert_eq!(file.records[1].raw["note"], "a\\0b");
    assert!(file.records[1].raw["(note)"].as_str().unwrap().contains("U+0000"));
}

#[test]
fn duplicate_headers_matter_only_where_a_field_would_be_read_from_them() {
    let harmless = format!("{HEADER},note,note\nS1,m,2025-01-02,7,a,b\n");
    let file = TestFile::new("a.csv", harmless).read();
    assert_eq!(
        (&file.records[0].raw["note_1"], &file.records[0].raw["note_2"]),
        (&"a".into(), &"b".into())
    );
    let harmful = "store,store,product,counted_at,quantity_on_hand\n";
    let refusal = TestFile::new("a.csv", harmful).refusal("");
    assert!(
        refusal.contains("more than once") && refusal.contains("store_1, store_2"),
        "{refusal}"
    );
    let text = format!("{harmful}A,B,m,2025-01-02,7\n");
    let chosen = options("[columns]\nstore = \"store_2\"");
    assert_eq!(TestFile::new("a.csv", text).read_with(&chosen).stores(), ["B"]);
}

#[test]
fn the_delimiter_is_seen_announced_or_told() {
    for (text, mapping) in [
        ("store;product;counted_at;quantity_on_hand\nS1;a,b;2025-01-02;7\n", ""),
        ("store\tproduct\tcounted_at\tquantity_on_hand\nS1\tm\t2025-01-02\t7\n", ""),
        ("store|product|counted_at|quantity_on_hand\nS1|m|2025-01-02|7\n", ""),
        ("sep=^\r\nstore^product^counted_at^quantity_on_hand\r\nS1^m^2025-01-02^7\r\n", ""),
        ("store:product:counted_at:quantity_on_hand\nS1:m:2025-01-02:7\n", "delimiter = \":\""),
    ] {
        let file = TestFile::new("a.csv", text).read_with(&options(mapping));
        assert_eq!(file.stores(), ["S1"], "{text}");
    }
}

#[test]
fn a_wrong_delimiter_is_refused_with_the_likely_one() {
    let text = "store:product:counted_at:quantity_on_hand\nS1:m:2025-01-02:7\n";
    let refusal = TestFile::new("a.csv", text).refusal("");
    assert!(refusal.contains("delimiter = \":\""), "{refusal}");
    assert!(refusal.contains("store:product:counted_at:quantity_on_hand"), "{refusal}");
    let text = "store;product;counted_at;quantity_on_hand\nS1;m;2025-01-02;7\n";
    let refusal = TestFile::new("a.csv", text).refusal("delimiter = \",\"");
    assert!(
        refusal.contains("delimiter = \";\"") && refusal.contains("single column"),
        "{refusal}"
    );
}

#[test]
fn missing_columns_are_told_with_a_line_to_paste() {
    let text = "shop,product,counted_at\nS1,m,2025-01-02\n";
    let refusal = TestFile::new("a.csv", text).refusal("");
    for part in ["store, quantity_on_hand of inventory", "shop, product", "[columns]", "store = \""]
    {
        assert!(refusal.contains(part), "{part}: {refusal}");
    }
}

/// Fields as they may stand in a CSV file, the nasty characters often.
fn field() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        Just('"'),
        Just(','),
        Just('\n'),
        Just('\r'),
        Just(' '),
        Just('a'),
        Just('é'),
        Just(';'),
    ];
    prop::collection::vec(character, 0..8).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn what_another_writer_quoted_is_read_back(
        records in prop::collection::vec((field(), field(), field()), 1..40),
    ) {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        writer.write_record(["store", "product", "counted_at", "quantity_on_hand", "a", "b", "c"]).unwrap();
        for (a, b, c) in &records {
            writer.write_record(["S", "m", "2025-01-02", "7", a, b, c]).unwrap();
        }
        let file = TestFile::new("a.csv", writer.into_inner().unwrap()).read();
        let found: Vec<_> = file.records.iter().map(|record| {
            let text = |name: &str| record.raw[name].as_str().unwrap_or("(none)").to_owned();
            (text("a"), text("b"), text("c"))
        }).collect();
        prop_assert_eq!(found, records);
    }
}
