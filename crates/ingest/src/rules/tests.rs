//! The registry is whole, and every record rule accepts a good record and refuses a bad one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{RULES, RuleContext, Severity, Stage, find, record_rules};
use crate::Stream;
use crate::records::{Draft, Record, TransactionType};
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
    draft_by(stream, changes, &conventions())
}

fn draft_by(stream: Stream, changes: &[(&str, &str)], conventions: &Conventions) -> Draft {
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
    Draft::read(stream, |index| texts[index].as_deref(), conventions)
}

/// The first rule that refuses the draft, with its reason.
fn refusal(stream: Stream, changes: &[(&str, &str)]) -> Option<(&'static str, String)> {
    first_refusal(stream, &draft(stream, changes))
}

fn first_refusal(stream: Stream, draft: &Draft) -> Option<(&'static str, String)> {
    let context = RuleContext { now: "2025-06-01T00:00:00Z".parse::<Timestamp>().unwrap() };
    record_rules(stream).into_iter().find_map(|rule| {
        let reason = rule.check(draft, &context).err()?;
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
    let mut met = BTreeSet::new();
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
        (transactions, ("currency", "XXX"), "currency-known", "amounts without a currency"),
        (Stream::PurchaseOrders, ("currency", "xts"), "currency-known", "keeps it for tests"),
        (transactions, ("quantity", "0"), "quantity-positive", "quantity is 0"),
        (transactions, ("quantity", "-0"), "quantity-positive", "quantity is 0"),
        (transactions, ("quantity", "-2"), "quantity-positive", "negative_quantity"),
        (transactions, ("quantity", "10000000000"), "quantity-positive", "ten thousand million"),
        (transactions, ("quantity", "0.00001"), "quantity-positive", "decimals"),
        (transactions, ("total_amount", "2.755"), "money-exact", "finer"),
        (transactions, ("total_amount", "1000000000000000"), "money-exact", "million million"),
        (transactions, ("discount_amount", "-0.25"), "money-exact", "negative"),
        (transactions, ("total_amount", "-2.75"), "total-not-negative", "discount_amount"),
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
        met.insert(rule);
    }
    let record_rules = RULES.iter().filter(|rule| rule.stage() == Stage::Record);
    assert_eq!(met, record_rules.map(|rule| rule.name()).collect(), "each rule needs a case");
}

/// What the mapping's `negative_quantity = "return"` makes of type, quantity and total.
fn signed(kind: &str, quantity: &str, total: &str) -> Result<String, &'static str> {
    let changes = [
        ("transaction_type", kind),
        ("quantity", quantity),
        ("total_amount", total),
        ("unit_price", ""),
        ("discount_amount", ""),
    ];
    let conventions = Conventions { negative_quantity_is_return: true, ..conventions() };
    let draft = draft_by(Stream::Transactions, &changes, &conventions);
    if let Some((rule, _)) = first_refusal(Stream::Transactions, &draft) {
        return Err(rule);
    }
    let Some(Record::Transaction(line)) = draft.accept() else { return Err("not accepted") };
    let kind = line.transaction_type.map_or("untold", TransactionType::name);
    Ok(format!("{kind} {} {}", line.quantity, line.total_amount))
}

#[test]
fn returns_below_zero_lose_their_sign_only_where_the_mapping_says_so() {
    let back = || Ok("return 1 3.20".to_owned());
    assert_eq!(signed("", "-1", "-3.20"), back());
    assert_eq!(signed("return", "-1", "-3.20"), back());
    assert_eq!(signed("refund", "1", "-3.20"), back());
    assert_eq!(signed("return", "1", "3.20"), back());
    assert_eq!(signed("sale", "-1", "-3.20"), Err("quantity-positive"));
    // A discount on a line of its own.
    assert_eq!(signed("", "1", "-0.50"), Err("total-not-negative"));
    assert_eq!(signed("sale", "1", "-0.50"), Err("total-not-negative"));
    assert_eq!(signed("exchange", "1", "-0.50"), Ok("exchange 1 -0.50".to_owned()));

    for quantity in ["1", "-1"] {
        let unmapped = [
            ("transaction_type", "return"),
            ("quantity", quantity),
            ("total_amount", "-3.20"),
            ("unit_price", ""),
            ("discount_amount", ""),
        ];
        let (_, reason) = refusal(Stream::Transactions, &unmapped).unwrap();
        assert!(reason.contains("negative_quantity = \"return\""), "{reason}");
    }
}

#[test]
fn a_rounding_of_one_smallest_unit_still_adds_up() {
    assert_eq!(refusal(Stream::Transactions, &[("total_amount", "2.76")]), None);
    assert_eq!(refusal(Stream::Transactions, &[("total_amount", "2.7500")]), None);
}

#[test]
fn warnings_are_marked() {
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
