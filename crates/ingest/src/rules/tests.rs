//! The registry is whole, and every record rule accepts a good record and refuses a bad one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{RULES, RuleContext, Severity, Stage, find, record_rules};
use crate::Stream;
use crate::records::Draft;
use crate::values::{Conventions, NumberFormat, StoreZones, TimeFormat};

fn conventions() -> Conventions {
    Conventions {
        time_format: TimeFormat::Iso,
        number_format: NumberFormat::Plain,
        zones: StoreZones::single(TimeZone::get("America/New_York").unwrap()),
        currency: None,
        negative_quantity_is_return: false,
    }
}

/// A good record of the stream, with some fields said otherwise.
fn draft(stream: Stream, changes: &[(&str, &str)]) -> Draft {
    let good: &[(&str, &str)] = match stream {
        Stream::Stores => &[("external_id", "s1")],
        Stream::Products => &[("external_id", "p1"), ("unit_price", "1.99")],
        Stream::Suppliers => &[("external_id", "v1")],
        Stream::Transactions => &[
            ("external_id", "l1"),
            ("store", "s1"),
            ("product", "p1"),
            ("occurred_at", "2025-03-04T05:06:07Z"),
            ("quantity", "2"),
            ("unit_price", "1.50"),
            ("discount_amount", "0.25"),
            ("total_amount", "2.75"),
            ("currency", "USD"),
        ],
        Stream::Inventory => &[
            ("store", "s1"),
            ("product", "p1"),
            ("counted_at", "2025-03-04T05:06:07Z"),
            ("quantity_on_hand", "7"),
        ],
        Stream::PurchaseOrders => &[
            ("order_id", "o1"),
            ("line_id", "1"),
            ("supplier", "v1"),
            ("store", "s1"),
            ("product", "p1"),
            ("ordered_at", "2025-03-04T05:06:07Z"),
            ("quantity_ordered", "12"),
            ("currency", "USD"),
        ],
    };
    let value = |index: usize| {
        let name = stream.fields()[index].name;
        let said = |list: &[(&'static str, &'static str)]| {
            list.iter().find(|(field, _)| *field == name).map(|(_, text)| *text)
        };
        let changed = changes.iter().find(|(field, _)| *field == name).map(|(_, text)| *text);
        changed.map(str::to_owned).or_else(|| said(good).map(str::to_owned))
    };
    let texts: Vec<Option<String>> = (0..stream.fields().len()).map(value).collect();
    Draft::read(stream, |index| texts[index].as_deref(), &conventions())
}

/// The first rule that refuses the draft, with its reason.
fn refusal(stream: Stream, changes: &[(&str, &str)]) -> Option<(&'static str, String)> {
    let context = RuleContext { now: "2025-06-01T00:00:00Z".parse::<Timestamp>().unwrap() };
    let draft = draft(stream, changes);
    record_rules(stream).into_iter().find_map(|rule| {
        let reason = rule.check(&draft, &context).err()?;
        Some((rule.name(), reason.into_owned()))
    })
}

#[test]
fn the_registry_lists_every_file_of_the_directory() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rules");
    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "mod.rs" && name != "tests.rs")
        .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
        .collect();
    let names: BTreeSet<String> = RULES.iter().map(|rule| rule.name().to_owned()).collect();
    assert_eq!(files, names);
    assert_eq!(names.len(), RULES.len(), "a name is used twice");
    assert!(RULES.iter().all(|rule| find(rule.name()).is_some()));
}

#[test]
fn a_good_record_of_every_stream_passes_and_reads_every_field() {
    for stream in Stream::ALL {
        assert_eq!(refusal(stream, &[]), None, "{stream}");
        assert!(draft(stream, &[]).accept().is_some(), "{stream}");
    }
}

#[test]
fn each_record_rule_refuses_its_own_kind_of_error() {
    let transactions = Stream::Transactions;
    for (stream, change, rule, reason) in [
        (transactions, ("external_id", "a\0b"), "text-storable", "NUL"),
        (transactions, ("store", ""), "required-fields", "store is missing"),
        (transactions, ("quantity", "N/A"), "number-readable", "quantity: 'N/A'"),
        (transactions, ("total_amount", "1e308"), "number-readable", "range"),
        (transactions, ("occurred_at", "2025-02-31"), "time-readable", "no day"),
        (transactions, ("occurred_at", "2025-03-09 02:30:00"), "time-readable", "never was"),
        (Stream::Stores, ("time_zone", "Mars/Olympus"), "time-readable", "no time zone"),
        (Stream::Stores, ("time_zone", "Etc/Unknown"), "time-readable", "no time zone"),
        (Stream::Stores, ("time_zone", "posix/Europe/Berlin"), "time-readable", "no time zone"),
        (transactions, ("transaction_type", "gift"), "type-known", "gift"),
        (transactions, ("currency", "XXQ"), "currency-known", "XXQ"),
        (transactions, ("quantity", "0"), "quantity-positive", "quantity is 0"),
        (transactions, ("quantity", "-0"), "quantity-positive", "quantity is 0"),
        (transactions, ("quantity", "-2"), "quantity-positive", "-2"),
        (transactions, ("quantity", "10000000000"), "quantity-positive", "ten thousand million"),
        (transactions, ("quantity", "0.00001"), "quantity-positive", "decimals"),
        (transactions, ("total_amount", "2.755"), "money-exact", "finer"),
        (transactions, ("total_amount", "1000000000000000"), "money-exact", "million million"),
        (transactions, ("discount_amount", "-0.25"), "money-exact", "negative"),
        (transactions, ("total_amount", "2.77"), "totals-add-up", "= 2.75"),
        (transactions, ("occurred_at", "1899-12-30"), "time-sane", "before the year 2000"),
        (transactions, ("occurred_at", "9999-01-01"), "time-sane", "future"),
        (transactions, ("occurred_at", "2024-11-03 01:30:00"), "time-unambiguous", "twice"),
        (Stream::Inventory, ("quantity_on_hand", "-3"), "stock-not-negative", "-3"),
        (Stream::Products, ("unit_price", "1.23456"), "money-exact", "decimals"),
        (Stream::Products, ("updated_at", "9999-01-01"), "time-sane", "updated_at"),
        (Stream::Stores, ("updated_at", "9999-01-01"), "time-sane", "updated_at"),
        (Stream::Suppliers, ("updated_at", "9999-01-01"), "time-sane", "updated_at"),
        (Stream::Suppliers, ("lead_time_days", "-1"), "money-exact", "negative"),
        (Stream::PurchaseOrders, ("updated_at", "9999-01-01"), "time-sane", "updated_at"),
        (Stream::PurchaseOrders, ("quantity_received", "-1"), "money-exact", "negative"),
        (Stream::PurchaseOrders, ("quantity_ordered", "0"), "quantity-positive", "0"),
        (Stream::PurchaseOrders, ("expected_at", "2035-01-01"), "time-sane", "future"),
    ] {
        let (found, said) = refusal(stream, &[change]).unwrap_or_default();
        assert_eq!(found, rule, "{change:?} {said}");
        assert!(said.contains(reason), "{change:?}: {said}");
    }
}

#[test]
fn a_rounding_of_one_smallest_unit_still_adds_up() {
    assert_eq!(refusal(Stream::Transactions, &[("total_amount", "2.76")]), None);
    assert_eq!(refusal(Stream::Transactions, &[("total_amount", "2.7500")]), None);
}

#[test]
fn every_record_rule_has_a_case_above_and_warnings_are_marked() {
    let warnings: Vec<_> = RULES
        .iter()
        .filter(|rule| rule.severity() == Severity::Warning)
        .map(|rule| (rule.name(), rule.stage()))
        .collect();
    assert_eq!(
        warnings,
        [("stock-not-negative", Stage::Record), ("time-unambiguous", Stage::Record)]
    );
}
