//! Parquet files, whole and damaged.

use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::json;
use shelfops_ingest::Stream;
use shelfops_ingest::cursor::Cursor;
use shelfops_integrations::file::ReadOptions;

use super::support::{TestFile, options, read};

/// A file of inventory levels in row groups of the given sizes, some quantities missing.
fn inventory(groups: &[usize], compression: Compression) -> Vec<u8> {
    let schema = "message m { required binary store (UTF8); optional group what { \
                  required binary product (UTF8); } optional binary counted_at (UTF8); \
                  optional int64 quantity; repeated int64 sizes; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(50)
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut first = 0;
    for size in groups {
        let mut group = writer.next_row_group().unwrap();
        let stores: Vec<_> =
            (first..first + size).map(|n| ByteArray::from(format!("S{n}").as_str())).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&stores, None, None).unwrap();
        column.close().unwrap();
        for text in ["milk", "2025-01-02"] {
            let mut column = group.next_column().unwrap().unwrap();
            let (values, levels) = (vec![ByteArray::from(text); *size], vec![1; *size]);
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
            column.close().unwrap();
        }
        let levels: Vec<i16> = (first..first + size).map(|n| i16::from(n % 3 != 0)).collect();
        let values: Vec<i64> =
            (first..first + size).filter(|n| n % 3 != 0).map(|n| n as i64).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let zeros = vec![0; *size];
        column.typed::<Int64Type>().write_batch(&[], Some(&zeros), Some(&zeros)).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        first += size;
    }
    writer.into_inner().unwrap()
}

fn mapped() -> ReadOptions {
    options("[columns]\nproduct = \"what.product\"")
}

#[test]
fn row_groups_are_one_file_and_missing_values_are_absent() {
    let bytes = inventory(&[5000, 1, 4200], Compression::SNAPPY);
    let total = bytes.len() as u64;
    let file = TestFile::new("a.parquet", bytes).read_with(&mapped());
    assert_eq!(file.records.len(), 9201);
    assert_eq!((file.error, file.bytes_read), (None, total));
    for (number, record) in file.records.iter().enumerate() {
        let level = record.level();
        assert_eq!(*level.store.value().unwrap(), format!("S{number}"));
        let quantity = level.quantity_on_hand.value().map(ToString::to_string);
        assert_eq!(quantity, (number % 3 != 0).then(|| number.to_string()));
        assert_eq!(record.position.record, number as u64 + 1);
    }
    assert_eq!(
        file.records[3].raw,
        json!({"store": "S3", "what.product": "milk", "counted_at": "2025-01-02", "quantity": null})
    );
}

#[test]
fn reading_resumes_behind_any_record() {
    let file = TestFile::new("a.parquet", inventory(&[5000, 1, 4200], Compression::UNCOMPRESSED));
    let whole = file.read_with(&mapped()).records;
    for record in [0, 1, 99, 100, 4096, 4999, 5000, 5001, 5002, 9200, 9201] {
        let resume = Some(Cursor::new(json!({"record": record})));
        let rest = file.read_with(&ReadOptions { resume, ..mapped() });
        assert_eq!(rest.records, whole[record..], "behind record {record}");
    }
    let resume = Some(Cursor::new(json!({"record": 9202})));
    let refused = read(&file.path(), Stream::Inventory, &ReadOptions { resume, ..mapped() });
    assert!(refused.err().unwrap().to_string().contains("fewer than 9202 records"));
}

#[test]
fn a_value_of_any_size_is_refused_without_holding_many() {
    let schema = "message m { required binary store (UTF8); required binary product (UTF8); \
                  required binary counted_at (UTF8); required binary quantity (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for values in [["S1", "S2", "S3"], ["m", "LONG", "m"], ["2025-01-02"; 3], ["1"; 3]] {
        let long = "x".repeat(3 << 20);
        let values =
            values.map(|text| ByteArray::from(if text == "LONG" { long.as_str() } else { text }));
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    let file = TestFile::new("a.parquet", writer.into_inner().unwrap()).read();
    assert_eq!(file.stores(), ["S1", "!", "S3"]);
    assert!(file.records[1].reason().contains("'product' holds a value of more than 1 MiB"));
    assert!(file.records[1].raw.as_str().unwrap().contains("store: S2"));
}

#[test]
fn a_column_of_lists_matters_only_when_mapped() {
    let file = TestFile::new("a.parquet", inventory(&[10], Compression::SNAPPY));
    let refusal =
        file.refusal("[columns]\nproduct = \"what.product\"\nquantity_reserved = \"sizes\"");
    assert!(refusal.contains("'sizes', which holds a list"), "{refusal}");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = inventory(&[300], Compression::SNAPPY);
    for length in (4..bytes.len()).step_by(97) {
        let refusal = TestFile::new("a.parquet", &bytes[..length]).refusal("");
        assert!(refusal.contains("get it again"), "{length}: {refusal}");
    }
}

#[test]
fn a_flipped_byte_never_ends_in_a_crash() {
    for compression in [Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())] {
        let bytes = inventory(&[300, 100], compression);
        let mut seen = [0; 3];
        for (at, flip) in
            (4..bytes.len()).step_by(17).zip([0xff, 0x01, 0x80, 0x10].into_iter().cycle())
        {
            let mut flipped = bytes.clone();
            flipped[at] ^= flip;
            let file = TestFile::new("a.parquet", flipped);
            match read(&file.path(), Stream::Inventory, &mapped()) {
                Err(_) => seen[0] += 1,
                Ok(file) if file.error.is_some() => seen[1] += 1,
                Ok(file) => {
                    assert_eq!(file.records.len(), 400, "at byte {at}");
                    seen[2] += 1;
                }
            }
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }
}

#[test]
fn what_stands_before_the_damage_is_delivered() {
    let mut bytes = inventory(&[5000, 5000], Compression::ZSTD(ZstdLevel::default()));
    // The pages of the second row group lie in the third quarter of the file.
    let (from, to) = (bytes.len() * 55 / 100, bytes.len() * 75 / 100);
    bytes[from..to].fill(0xff);
    let file = TestFile::new("a.parquet", bytes).read_with(&mapped());
    assert!(file.records.len() >= 4096, "{}", file.records.len());
    let error = file.error.unwrap();
    assert!(error.contains("is damaged behind record") && error.contains("of 10000"), "{error}");
}
