//! The mappings that come with the program, on files of the shape they were written for.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type, Int96, Int96Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use shelfops_ingest::Stream;
use shelfops_ingest::records::Record;
use shelfops_integrations::file::{FileSource, Mapping, ReadOptions};

use super::support::{ReadFile, TestFile, conventions, read};

fn records(file: ReadFile) -> Vec<Record> {
    assert_eq!(file.error, None);
    file.records.into_iter().map(|record| record.draft.unwrap().accept().unwrap()).collect()
}

fn builtin(name: &str) -> ReadOptions {
    let mapping = Mapping::builtin(name).unwrap();
    ReadOptions { mapping, conventions: conventions(), resume: None }
}

#[test]
fn basket_lines_of_the_complete_journey_are_read() {
    let schema = "message m { optional int64 household_id; optional int64 store_id; \
                  optional int64 basket_id; optional int64 product_id; optional int64 quantity; \
                  optional double sales_value; optional double retail_disc; \
                  optional int96 transaction_timestamp; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for value in [900_i64, 330, 31_198_570_044, 1_095_275, 1] {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[value], Some(&[1]), None).unwrap();
        column.close().unwrap();
    }
    for value in [0.5, 0.1] {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&[value], Some(&[1]), None).unwrap();
        column.close().unwrap();
    }
    let mut moment = Int96::new();
    let nanoseconds = (11 * 3600 + 53 * 60 + 26) * 1_000_000_000_u64;
    moment.set_data(nanoseconds as u32, (nanoseconds >> 32) as u32, 2_440_588 + 17_167);
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int96Type>().write_batch(&[moment], Some(&[1]), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    let file = TestFile::new("transactions.parquet", writer.into_inner().unwrap());

    let options = builtin("completejourney-transactions");
    let source = FileSource::open(&file.path(), Stream::Transactions, &options).unwrap();
    assert_eq!(source.explanation().unused_columns, ["household_id", "retail_disc"]);
    assert_eq!(options.mapping.source.as_ref().unwrap().as_str(), "completejourney");
    let read = records(read(&file.path(), Stream::Transactions, &options).unwrap());
    let [Record::Transaction(line)] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!(line.external_id, "31198570044:1095275");
    assert_eq!(line.order_id.as_deref(), Some("31198570044"));
    assert_eq!(line.occurred_at.instant.to_string(), "2017-01-01T11:53:26Z");
    assert_eq!((line.total_amount.to_string(), line.currency.code()), ("0.5".to_owned(), "USD"));
}

#[test]
fn products_of_the_complete_journey_are_read() {
    let schema = "message m { optional int64 product_id; optional binary department (UTF8); \
                  optional binary brand (UTF8); optional binary product_category (UTF8); \
                  optional binary product_type (UTF8); optional binary package_size (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1, 2, 3], Some(&[1, 1, 1]), None).unwrap();
    column.close().unwrap();
    for values in [["GROCERY"; 3], ["Private"; 3], ["ICE"; 3]] {
        let values = values.map(ByteArray::from);
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values, Some(&[1, 1, 1]), None).unwrap();
        column.close().unwrap();
    }
    for levels in [[1, 1, 0], [1, 0, 0]] {
        let there = levels.iter().filter(|level| **level == 1).count();
        let values = vec![ByteArray::from("22 LB"); there];
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    let file = TestFile::new("products.parquet", writer.into_inner().unwrap());
    let options = builtin("completejourney-products");
    let read = records(read(&file.path(), Stream::Products, &options).unwrap());
    let names: Vec<_> = read
        .iter()
        .map(|record| match record {
            Record::Product(product) => product.name.as_deref(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, [Some("22 LB 22 LB"), Some("22 LB"), None]);
}
