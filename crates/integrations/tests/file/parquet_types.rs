//! Typed Parquet columns against what the mapping says of text.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::support::{TestFile, check_replay, options};

/// One record with a typed time and number, and others as text.
fn typed() -> TestFile {
    let schema = "message m { required int32 store; required binary product (UTF8); \
                  required int64 counted_at (TIMESTAMP(MILLIS,true)); \
                  required double quantity_on_hand; required int64 price (DECIMAL(10,2)); \
                  required binary text_number (UTF8); required binary text_time (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int32Type>().write_batch(&[7], None, None).unwrap();
    column.close().unwrap();
    let text = |group: &mut parquet::file::writer::SerializedRowGroupWriter<'_, Vec<u8>>,
                text: &str| {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[ByteArray::from(text)], None, None).unwrap();
        column.close().unwrap();
    };
    text(&mut group, "milk");
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1_735_776_000_500], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(&[1234.5], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1999], None, None).unwrap();
    column.close().unwrap();
    text(&mut group, "1.234,5");
    text(&mut group, "04.03.2025");
    group.close().unwrap();
    TestFile::new("typed.parquet", writer.into_inner().unwrap())
}

#[test]
fn typed_values_are_exact_text() {
    let file = typed().read();
    let level = file.records[0].level();
    assert_eq!(level.store.value().unwrap(), "7");
    assert_eq!(level.counted_at.value().unwrap().instant.to_string(), "2025-01-02T00:00:00.5Z");
    assert_eq!(file.records[0].raw["price"], "19.99");
    assert_eq!(file.records[0].raw["counted_at"], "2025-01-02T00:00:00.5Z");
}

#[test]
fn styles_of_text_do_not_concern_typed_columns() {
    let file = typed()
        .read_with(&options("time_format = \"day-first\"\nnumber_format = \"point-groups\""));
    let level = file.records[0].level();
    assert_eq!(level.quantity_on_hand.value().unwrap().to_string(), "1234.5");
    assert!(level.counted_at.value().is_some());
}

#[test]
fn styles_that_fit_one_column_and_not_the_other_are_refused() {
    let refusal = typed().refusal(
        "number_format = \"point-groups\"\n[columns]\nquantity_reserved = \"text_number\"",
    );
    assert!(refusal.contains("number_format would fit columns of text only"), "{refusal}");
    let text = typed()
        .read_with(&options("time_format = \"day-first\"\n[columns]\ncounted_at = \"text_time\""));
    let moment = text.records[0].level().counted_at.value().unwrap().instant;
    assert_eq!(moment.to_string(), "2025-03-04T00:00:00Z");
}

#[test]
fn typed_values_are_read_again_alike_whatever_the_mapping_says_of_text() {
    for mapping in [
        "",
        "time_format = \"day-first\"\nnumber_format = \"point-groups\"",
        "number_format = \"comma-groups\"\n[columns]\nquantity_on_hand = \"price\"",
        "time_format = \"day-first\"\n[columns]\ncounted_at = \"text_time\"",
        "[columns]\nquantity_on_hand = { sum = [\"quantity_on_hand\", \"price\"] }",
    ] {
        check_replay(&typed(), mapping);
    }
    // 1.500 would be fifteen hundred by the style that the mapping tells of text.
    let grouped = thousandths();
    let mapping = "number_format = \"point-groups\"";
    let read = grouped.read_with(&options(mapping));
    let quantity = *read.records[0].level().quantity_on_hand.value().unwrap();
    assert_eq!(quantity.to_string(), "1.500");
    check_replay(&grouped, mapping);
}

/// One record whose quantity is a decimal with three places.
fn thousandths() -> TestFile {
    let schema = "message m { required binary store (UTF8); required binary product (UTF8); \
                  required binary counted_at (UTF8); \
                  required int64 quantity_on_hand (DECIMAL(10,3)); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for text in ["S1", "milk", "2025-01-02"] {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[ByteArray::from(text)], None, None).unwrap();
        column.close().unwrap();
    }
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1_500], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    TestFile::new("thousandths.parquet", writer.into_inner().unwrap())
}
