//! Looking into a file without importing it.

use shelfops_ingest::Stream;
use shelfops_ingest::values::TimeFormat;
use shelfops_integrations::file::{Compression, FileFormat, FileSource, Origin, TimeFormatHint};

use super::support::{TestFile, options};

#[test]
fn an_inspection_tells_the_guess_the_first_records_and_what_is_not_used() {
    let text = "Shop;SKU;Date;On Hand;note\nS1;m;25.01.2025;7;x\nS2;m;03.02.2025;8;y\nS3;m;1;1;z\n";
    let file = TestFile::new("a.csv", text);
    let mapping = options("[columns]\nstore = \"Shop\"");
    let inspection = FileSource::inspect(&file.path(), Stream::Inventory, &mapping, 2).unwrap();
    assert_eq!(
        (inspection.file.format, inspection.file.compression),
        (FileFormat::Csv, Compression::None)
    );
    assert_eq!(inspection.file.delimiter.unwrap().to_string(), "';'");
    let told: Vec<_> = inspection
        .explanation
        .fields
        .iter()
        .map(|field| (field.field, field.origin, field.from.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("store", Origin::Mapped, Some("Shop")),
            ("product", Origin::Guessed, Some("SKU")),
            ("counted_at", Origin::Guessed, Some("Date")),
            ("quantity_on_hand", Origin::Guessed, Some("On Hand")),
            ("quantity_reserved", Origin::NotFound, None),
            ("quantity_on_order", Origin::NotFound, None),
        ]
    );
    assert_eq!(inspection.explanation.unused_columns, ["note"]);
    assert!(inspection.problem.is_none());
    assert_eq!(inspection.records.len(), 2);
    assert_eq!(inspection.records[1].position.line, Some(3));
    assert_eq!(inspection.time_format_hint, Some(TimeFormatHint::Use(TimeFormat::DayFirst)));
}

#[test]
fn an_inspection_shows_a_file_that_cannot_be_imported_yet() {
    let file = TestFile::new("a.csv", "where,product,counted_at,quantity\nS1,m,2025-01-02,7\n");
    let inspection =
        FileSource::inspect(&file.path(), Stream::Inventory, &options(""), 10).unwrap();
    let problem = inspection.problem.unwrap().to_string();
    assert!(problem.contains("no column is known for store"), "{problem}");
    assert_eq!(inspection.records.len(), 1);
    assert_eq!(inspection.time_format_hint, None);
}
