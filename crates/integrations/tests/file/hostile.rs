//! Any bytes at all: reading ends, in order, and says something of every line.

use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_oneof, proptest,
};
use shelfops_ingest::Stream;

use super::support::{HEADER, ReadFile, TestFile, options, read};

/// How files of each kind start.
const STARTS: [&[u8]; 6] = [b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"\xff\xfe", b"{"];

/// Bytes of which those that mean something in CSV and JSON are the most.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        8 => prop::sample::select(&b"\",\n\r{}[]: \\a1"[..]),
        1 => Just(0),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..400)
}

/// Lines that are not blank start a record or stand within one, and records stand in order.
fn is_in_order(file: &ReadFile) -> bool {
    let places: Vec<_> =
        file.records.iter().map(|record| (record.position.record, record.line())).collect();
    let numbers: Vec<u64> = places.iter().map(|(record, _)| *record).collect();
    numbers == (1..=places.len() as u64).collect::<Vec<_>>()
        && places.windows(2).all(|pair| pair[0].1 < pair[1].1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn csv_of_any_bytes_is_read_to_its_end(noise in bytes()) {
        let content = [HEADER.as_bytes(), b"\n", &noise, b"\nLAST,m,2025-01-02,7\n"].concat();
        let file = TestFile::new("a.csv", &content).read();
        prop_assert!(file.error.is_none() && is_in_order(&file));
        prop_assert!(file.bytes_read == content.len() as u64);
        let last = file.stores().pop();
        prop_assert!(last.as_deref() == Some("LAST") || last.as_deref() == Some("!"));
    }

    #[test]
    fn json_lines_of_any_bytes_are_read_to_their_end(noise in bytes()) {
        let good = r#"{"store":"S","product":"m","counted_at":"2025-01-02","quantity":1}"#;
        let content = [good.as_bytes(), b"\n", &noise, b"\n", good.as_bytes()].concat();
        let file = TestFile::new("a.jsonl", &content).read();
        prop_assert!(file.error.is_none() && is_in_order(&file));
        prop_assert!(file.stores().pop().as_deref() == Some("S"));
    }

    #[test]
    fn a_file_of_any_bytes_is_read_or_refused(noise in bytes(), start in 0..STARTS.len()) {
        let file = TestFile::new("a.txt", [STARTS[start], &noise].concat());
        let _ = read(&file.path(), Stream::Inventory, &options(""));
    }
}
