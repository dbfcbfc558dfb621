//! Files that cannot be opened: each refusal says what it is and what to do.

use std::path::Path;

use shelfops_ingest::Stream;

use super::support::{TestFile, chain, inventory_csv, options, read};

fn refusal(path: &Path) -> String {
    match read(path, Stream::Inventory, &options("")) {
        Err(error) => chain(&error),
        Ok(_) => panic!("{} was opened", path.display()),
    }
}

#[test]
fn what_is_no_file_is_said_to_be_none() {
    let directory = tempfile::tempdir().unwrap();
    assert!(refusal(directory.path()).contains("is a directory"));
    assert!(refusal(&directory.path().join("none.csv")).contains("there is no file"));
    #[cfg(unix)]
    assert!(refusal(Path::new("/dev/null")).contains("no regular file"));
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let file = TestFile::new("a.csv", inventory_csv(&["S1"]));
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o0)).unwrap();
    // The superuser may read it all the same, and then there is nothing to refuse.
    if std::fs::read(file.path()).is_err() {
        assert!(file.refusal("").contains("may not be read by this user"));
    }
}

#[test]
fn empty_files_are_refused() {
    assert!(TestFile::new("a.csv", "").refusal("").contains("is empty (0 bytes)"));
    for text in ["\n\n", "\u{feff}", "   \r\n"] {
        let refusal = TestFile::new("a.csv", text).refusal("");
        assert!(refusal.contains("empty but for blank lines"), "{refusal}");
    }
    assert!(TestFile::new("a.jsonl", "\n").refusal("").contains("empty but for blank lines"));
}

#[test]
fn foreign_formats_are_named() {
    for (bytes, what) in [
        (&b"PK\x03\x04rest"[..], "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"BZh91AY&SYxx", "bzip2"),
        (b"\xff\xfe\0\0s\0\0\0", "UTF-32"),
        (b"SQLite format 3\0", "SQLite"),
    ] {
        let refusal = TestFile::new("a.csv", bytes).refusal("");
        assert!(refusal.contains(what), "{refusal}");
    }
    let refusal = TestFile::new("a.parquet", "store,product\n").refusal("");
    assert!(refusal.contains("does not begin as a Parquet file"), "{refusal}");
}

#[test]
fn a_header_that_cannot_be_one_is_refused() {
    let refusal = TestFile::new("a.csv", "store,\"product\nS1,m\n").refusal("");
    assert!(refusal.contains("header opens a quote"), "{refusal}");
    let refusal = TestFile::new("a.csv", "x".repeat(2 << 20)).refusal("");
    assert!(refusal.contains("longer than 1 MiB"), "{refusal}");
}
