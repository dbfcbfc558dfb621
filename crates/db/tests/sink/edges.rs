//! No record can fail a batch: what a table's checks refuse, a rule has refused before.
//!
//! The checks are read from the catalog, so a new one is tried without a line here; a check on a column
//! that no field fills has to be named as ours.

use std::collections::BTreeSet;

use shelfops_ingest::Stream;
use shelfops_ingest::values::{FieldSpec, ValueKind};
use tokio_postgres::Client;

use super::desk::{Desk, How, count, sale};
use super::memory_source::Told;
use crate::fixture::on_every_engine;

const AT: &str = "2026-03-02T10:00:00Z";

/// The tables that records are written to, and whose records.
const TABLES: &[(&str, Stream)] = &[
    ("stores", Stream::Stores),
    ("products", Stream::Products),
    ("suppliers", Stream::Suppliers),
    ("transactions", Stream::Transactions),
    ("inventory_levels", Stream::Inventory),
    ("purchase_orders", Stream::PurchaseOrders),
    ("purchase_order_lines", Stream::PurchaseOrders),
];

/// Columns with checks that no record can violate, since we write them.
const OURS: &[&str] = &["source"];

/// Numbers at the ends of what the columns hold, and of what a decimal holds.
const NUMBERS: &[&str] = &[
    "0.00001",
    "9999999999.9999",
    "10000000000",
    "999999999999999.9999",
    "1000000000000000",
    "-999999999999999.9999",
    "-1000000000000000",
    "79228162514264337593543950335",
    "-79228162514264337593543950335",
];

/// Times that a column may hold and nothing can mean, and two in one microsecond.
const TIMES: &[&str] = &[
    "0001-01-01",
    "1899-12-30",
    "9999-12-30T21:59:59.9999999Z",
    "2026-03-02T10:00:00.0000001Z",
    "2026-03-02T10:00:00.0000002Z",
];

/// A check of a table: the fields that fill its columns, and its condition.
struct Check {
    name: String,
    fields: Vec<String>,
    condition: String,
}

#[tokio::test]
async fn a_record_at_the_edge_of_a_check_is_loaded_or_quarantined() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        let desk = Desk::open(fixture, "edge", "UTC").await;
        desk.stock().await;
        let mut tried = BTreeSet::new();
        for (table, stream) in TABLES {
            let checks = checks(&client, table).await;
            assert!(!checks.is_empty(), "{table} has no check: is it still called so?");
            for check in &checks {
                for field in &check.fields {
                    let is_known = stream.fields().iter().any(|spec| spec.name == field);
                    assert!(
                        is_known || OURS.contains(&field.as_str()),
                        "{}: which field of {stream} fills {field}?",
                        check.name
                    );
                }
            }
            for spec in stream.fields() {
                let values = values(spec, &checks);
                let mut records = Vec::new();
                for value in &values {
                    for variant in variants(*stream) {
                        let id = format!("{table}-{}-{}", spec.name, records.len());
                        let record = with_words(record(*stream, &id), variant);
                        records.push(record.with(spec.name, value));
                    }
                }
                let how = How::from(&format!("{table} {}", spec.name)).creating();
                let totals = desk.load(*stream, &records, &how).await;
                assert_eq!(totals.read, records.len() as u64);
                tried.insert((table, spec.name, values.len()));
            }
        }
        assert!(tried.len() > 50, "{tried:?}");
    })
    .await;
}

#[tokio::test]
async fn times_within_a_microsecond_are_one_record() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let fine = ["2026-03-02T10:00:00.1234561Z", "2026-03-02T10:00:00.1234569Z"];
        let lines = fine.map(|at| sale("a", "s1", "p1", at));
        let totals = desk.load(Stream::Transactions, &lines, &How::from("lines")).await;
        assert_eq!((totals.inserted, totals.unchanged), (1, 1));
        let counts = fine.map(|at| count("s1", "p1", at));
        let totals = desk.load(Stream::Inventory, &counts, &How::from("counts")).await;
        assert_eq!((totals.inserted, totals.unchanged), (1, 1));
        // The same again, coarser: the table knows them.
        let coarse = "2026-03-02T10:00:00.123456Z";
        let lines = [sale("a", "s1", "p1", coarse)];
        let totals = desk.load(Stream::Transactions, &lines, &How::from("again")).await;
        assert_eq!(totals.unchanged, 1);
        let counts = [count("s1", "p1", coarse).with("quantity_on_hand", "6")];
        let totals = desk.load(Stream::Inventory, &counts, &How::from("again")).await;
        assert_eq!(totals.quarantined["duplicate-in-table"], 1);
    })
    .await;
}

/// Reads a table's checks from the catalog.
async fn checks(client: &Client, table: &str) -> Vec<Check> {
    let rows = client
        .query(
            "select conname::text,
                 array(
                     select attname::text from pg_attribute
                     where attrelid = conrelid and attnum = any(conkey)
                 ),
                 pg_get_expr(conbin, conrelid)
             from pg_constraint
             join pg_class on pg_class.oid = conrelid
             where contype = 'c'
                 and relname = $1
                 and relnamespace in ('public'::regnamespace, 'timeseries'::regnamespace)
                 and relkind in ('r', 'p')",
            &[&table],
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| Check {
            name: row.get(0),
            fields: row
                .get::<_, Vec<String>>(1)
                .iter()
                .map(|column| field_of(table, column).to_owned())
                .collect(),
            condition: row.get(2),
        })
        .collect()
}

/// Names the field that fills a column.
fn field_of<'c>(table: &str, column: &'c str) -> &'c str {
    match (table, column) {
        ("purchase_orders", "external_id") => "order_id",
        (_, "external_line_id") => "line_id",
        (_, "source_updated_at") => "updated_at",
        (_, column) => column,
    }
}

/// What a field is made to say: the numbers and words of its column's checks and around them, and the
/// ends of what its kind can say.
fn values(spec: &FieldSpec, checks: &[Check]) -> BTreeSet<String> {
    let mut values: BTreeSet<String> = ["", "?"].map(str::to_owned).into();
    let concerns = |check: &&Check| check.fields.iter().any(|field| field == spec.name);
    for check in checks.iter().filter(concerns) {
        values.extend(check.condition.split('\'').skip(1).step_by(2).map(str::to_owned));
        let numbers = check.condition.split(|mark: char| !mark.is_ascii_digit() && mark != '.');
        for number in numbers.filter_map(|number| number.parse::<i64>().ok()) {
            let around = [
                format!("{}", number - 1),
                format!("{}.9999", number - 1),
                "-0.0001".to_owned(),
                format!("{number}"),
                format!("{number}.0001"),
                format!("{}", number + 1),
            ];
            values.extend(around);
        }
    }
    let ends = match spec.kind {
        ValueKind::Number => NUMBERS,
        ValueKind::Time | ValueKind::Date => TIMES,
        ValueKind::Currency => &["eur", "XXX", "EURO", "€"],
        ValueKind::Word | ValueKind::Text => &[],
    };
    values.extend(ends.iter().map(ToString::to_string));
    if spec.kind == ValueKind::Text {
        values.extend(["x".repeat(255), "x".repeat(256), "é".repeat(20_000)]);
    }
    values
}

/// Words that decide what a check asks of other columns.
fn variants(stream: Stream) -> &'static [&'static str] {
    match stream {
        Stream::Transactions => &["sale", "return", "exchange", "void"],
        _ => &[""],
    }
}

fn with_words(record: Told, variant: &str) -> Told {
    if variant.is_empty() { record } else { record.with("transaction_type", variant) }
}

/// A good record, told apart from all others by `id`.
fn record(stream: Stream, id: &str) -> Told {
    match stream {
        Stream::Transactions => sale(id, "s1", "p1", AT),
        Stream::Inventory => count("s1", id, AT),
        Stream::PurchaseOrders => Told::new(&[
            ("order_id", id),
            ("line_id", "1"),
            ("supplier", "u1"),
            ("store", "s1"),
            ("product", "p1"),
            ("ordered_at", AT),
            ("quantity_ordered", "10"),
            ("currency", "EUR"),
        ]),
        Stream::Stores | Stream::Products | Stream::Suppliers => {
            Told::new(&[("external_id", id), ("name", id)])
        }
    }
}
