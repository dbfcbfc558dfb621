//! Files compressed with gzip and Zstandard, whole and cut off.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use super::support::{ReadFile, TestFile, inventory_csv};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 3).unwrap()
}

fn many() -> (Vec<String>, String) {
    let stores: Vec<String> =
        (0..20_000).map(|number| format!("S{}", number * 7919 % 100_003)).collect();
    let csv = inventory_csv(&stores.iter().map(String::as_str).collect::<Vec<_>>());
    (stores, csv)
}

#[test]
fn compressed_files_are_known_by_their_content() {
    let (stores, csv) = many();
    for (name, bytes) in
        [("a.csv.gz", gzip(&csv)), ("a.csv.zst", zstandard(&csv)), ("a.csv", gzip(&csv))]
    {
        let total = bytes.len() as u64;
        let file = TestFile::new(name, bytes).read();
        assert!(file.stores() == stores && file.error.is_none(), "{name}");
        assert_eq!(file.bytes_read, total);
    }
}

#[test]
fn parts_that_were_compressed_one_by_one_are_one_file() {
    let (head, tail) = (inventory_csv(&["S1"]), "S2,m,2025-01-02,7\n");
    for bytes in [[gzip(&head), gzip(tail)].concat(), [zstandard(&head), zstandard(tail)].concat()]
    {
        assert_eq!(TestFile::new("a.csv.gz", bytes).read().stores(), ["S1", "S2"]);
    }
}

/// Everything that came out of a cut file is sound, and the cut is said.
fn check_cut(file: &ReadFile, stores: &[String], full: bool) {
    let found = file.stores();
    assert!(found.len() <= stores.len() && found == stores[..found.len()]);
    if !full {
        let error = file.error.as_deref().unwrap();
        assert!(error.contains("truncated") || error.contains("damaged"), "{error}");
        let behind = format!("behind record {} (line {})", found.len(), found.len() + 1);
        assert!(error.contains(&behind), "{error}");
    }
}

#[test]
fn what_stands_before_a_cut_is_delivered_and_the_cut_is_said() {
    let (stores, csv) = many();
    for (name, bytes) in [("a.csv.gz", gzip(&csv)), ("a.csv.zst", zstandard(&csv))] {
        let half = TestFile::new(name, &bytes[..bytes.len() / 2]).read();
        assert!(half.stores().len() > 5_000, "{name} gave {}", half.stores().len());
        check_cut(&half, &stores, false);
        assert!(
            half.error.as_deref().unwrap().contains("is truncated at about byte"),
            "{:?}",
            half.error
        );
        let nearly = TestFile::new(name, &bytes[..bytes.len() - 1]).read();
        check_cut(&nearly, &stores, false);
        let refusal = TestFile::new(name, &bytes[..12]).refusal("");
        assert!(refusal.contains("get it again"), "{refusal}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn damage_anywhere_never_ends_in_a_crash(at in 0.0..1.0_f64, flip in 1..=255_u8, cut in 0.0..1.0_f64) {
        let (stores, csv) = many();
        let csv = &csv[..csv.len() / 4];
        for bytes in [gzip(csv), zstandard(csv)] {
            let place = |share: f64| ((bytes.len() - 1) as f64 * share) as usize;
            let cut_file = TestFile::new("a.csv", &bytes[..place(cut)]);
            if let Ok(file) = super::support::read(&cut_file.path(), shelfops_ingest::Stream::Inventory, &super::support::options("")) {
                let found = file.stores();
                prop_assert!(file.error.is_some());
                prop_assert_eq!(&found[..], &stores[..found.len()]);
            }
            let mut flipped = bytes.clone();
            flipped[place(at)] ^= flip;
            let file = TestFile::new("a.csv", flipped);
            let _ = super::support::read(&file.path(), shelfops_ingest::Stream::Inventory, &super::support::options(""));
        }
    }
}
