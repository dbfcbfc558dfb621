//! Resuming behind any block gives the same rest.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest,
};
use serde_json::json;
use shelfops_ingest::cursor::Cursor;
use shelfops_integrations::file::ReadOptions;

use super::support::{HEADER, ReadFile, TestFile, inventory_csv, options};

/// Reads on from every block of the file and compares with what the whole file gave.
fn check_every_cursor(file: &TestFile, options: &ReadOptions) -> ReadFile {
    let whole = file.read_with(options);
    for (read, cursor) in &whole.cursors {
        let resumed = ReadOptions { resume: Some(cursor.clone()), ..options.clone() };
        let rest = file.read_with(&resumed);
        assert_eq!(rest.records, whole.records[*read..], "behind {read} records, {cursor:?}");
        assert_eq!(rest.error, whole.error);
        assert_eq!(rest.cursors.last().unwrap().1, whole.cursors.last().unwrap().1);
    }
    whole
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A line of a file: good, quoted over two lines, blank, broken or not text.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let wide = "x".repeat(4000);
    prop_oneof![
        4 => (any::<u16>(), 0..4000_usize).prop_map(move |(store, length)| {
            format!("S{store},{},2025-01-02,7\r\n", &wide[..length]).into_bytes()
        }),
        1 => Just(b"\"a\n\"\"b\",m,2025-01-02,7\n".to_vec()),
        1 => Just(b"\n".to_vec()),
        1 => Just(b"S,\"m,2025-01-02,7\n".to_vec()),
        1 => Just(b"S,m\n".to_vec()),
        1 => Just(b"S\xff,m,2025-01-02,7\n".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn csv_resumes_behind_any_block(lines in prop::collection::vec(line(), 1..2500)) {
        let bytes = [HEADER.as_bytes(), b"\n", &lines.concat()].concat();
        let plain = check_every_cursor(&TestFile::new("a.csv", &bytes), &options(""));
        let packed = check_every_cursor(&TestFile::new("a.csv.gz", gzip(&bytes)), &options(""));
        prop_assert_eq!(plain.records, packed.records);
    }
}

#[test]
fn json_lines_and_recoded_text_resume_behind_any_block() {
    let stores: Vec<String> = (0..10_000).map(|number| format!("Sä{number}")).collect();
    let line = |store: &String| {
        format!(
            "{{\"store\":\"{store}\",\"product\":\"m\",\"counted_at\":\"2025-01-02\",\"quantity\":1}}\n"
        )
    };
    let json: String = stores.iter().map(line).collect();
    let whole = check_every_cursor(&TestFile::new("a.jsonl", &json), &options(""));
    assert_eq!((whole.stores(), whole.cursors.len()), (stores.clone(), 3));
    let csv = inventory_csv(&stores.iter().map(String::as_str).collect::<Vec<_>>());
    let wide: Vec<u8> = csv.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(check_every_cursor(&TestFile::new("a.csv", wide), &options("")).stores(), stores);
}

#[test]
fn a_cursor_jumps_where_it_can() {
    let file = TestFile::new("a.csv", inventory_csv(&["S1", "S2"]));
    let (_, cursor) = file.read().cursors.pop().unwrap();
    let length = std::fs::metadata(file.path()).unwrap().len();
    assert_eq!(*cursor.state(), json!({"record": 2, "at": {"byte": length, "line": 3}}));
}

#[test]
fn a_cursor_that_does_not_fit_is_refused() {
    let file = TestFile::new("a.csv", inventory_csv(&["S1", "S2"]));
    let packed = TestFile::new("a.csv.gz", gzip(inventory_csv(&["S1"]).as_bytes()));
    let refusal = |file: &TestFile, state| {
        let resume = Some(Cursor::new(state));
        let options = ReadOptions { resume, ..options("") };
        let stream = shelfops_ingest::Stream::Inventory;
        super::support::read(&file.path(), stream, &options).err().unwrap().to_string()
    };
    for (file, state) in [
        (&file, json!({"record": 1, "at": {"byte": 50, "line": 2}})),
        (&file, json!({"record": 1, "at": {"byte": 99999, "line": 2}})),
        (&file, json!("a vendor's cursor")),
        (&packed, json!({"record": 5})),
    ] {
        let said = refusal(file, state);
        assert!(
            said.contains("cannot be resumed") && said.contains("--again reads it from the start"),
            "{said}"
        );
    }
    let from_null = ReadOptions { resume: Some(Cursor::new(json!(null))), ..options("") };
    assert_eq!(file.read_with(&from_null).stores(), ["S1", "S2"]);
}
