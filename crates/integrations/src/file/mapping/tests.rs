//! Mappings against columns, and the words of what does not fit.

use jiff::tz::TimeZone;
use shelfops_ingest::Stream;

use super::*;

fn conventions() -> Conventions {
    Conventions {
        time_format: TimeFormat::Iso,
        number_format: NumberFormat::Plain,
        zones: StoreZones::single(TimeZone::UTC),
        currency: None,
        negative_quantity_is_return: true,
    }
}

fn plan(mapping: &str, columns: &[&str]) -> Result<ColumnPlan, String> {
    let mapping = Mapping::parse(mapping).map_err(|error| error.to_string())?;
    let columns = Columns::new(columns, Completeness::Whole);
    let conventions = mapping.conventions(&conventions());
    let plan = ColumnPlan::resolve(&mapping, Stream::Transactions, columns, &conventions)
        .map_err(|error| error.to_string())?;
    plan.require_complete(None).map_err(|error| error.to_string())?;
    Ok(plan)
}

const COLUMNS: [&str; 7] = ["id", "store", "sku", "date", "qty", "total", "currency"];

#[test]
fn names_and_synonyms_are_found_without_a_mapping() {
    let explanation = plan("", &COLUMNS).unwrap().explain();
    let from = |field: &str| {
        let found = explanation.fields.iter().find(|explained| explained.field == field);
        found.and_then(|explained| explained.from.clone())
    };
    assert_eq!(from("external_id").as_deref(), Some("id"));
    assert_eq!(from("product").as_deref(), Some("sku"));
    assert_eq!(from("order_id"), None);
    assert!(explanation.unused_columns.is_empty());
}

#[test]
fn the_first_synonym_that_is_there_wins() {
    let columns = [&COLUMNS[..], &["amount", "sales_value"]].concat();
    let plan = plan("", &columns).unwrap();
    let total = plan.explain().fields.into_iter().find(|field| field.field == "total_amount");
    assert_eq!(total.unwrap().from.as_deref(), Some("total"));
}

#[test]
fn a_currency_by_convention_fills_the_field() {
    let without = &COLUMNS[..6];
    assert!(plan("", without).unwrap_err().contains("currency = { constant = \"USD\" }"));
    let explanation = plan("currency = \"EUR\"", without).unwrap().explain();
    let currency = explanation.fields.iter().find(|field| field.field == "currency").unwrap();
    assert_eq!(currency.origin, Origin::Convention);
}

#[test]
fn what_is_misspelt_is_answered_with_what_was_meant() {
    for (mapping, reason) in [
        ("time_fromat = \"iso\"", "no setting 'time_fromat'; did you mean 'time_format'?"),
        ("[columns]\nqantity = \"qty\"", "no field of transactions; did you mean 'quantity'?"),
        ("[columns]\nquantity = \"quty\"", "which the file lacks; did you mean 'qty'?"),
        ("time_zone = \"Mars/Olympus\"", "'Mars/Olympus' is no time zone"),
        ("encoding = \"utf-99\"", "'utf-99' is no known encoding"),
        ("delimiter = \";;\"", "cannot be a delimiter"),
        ("currency = \"XXZ\"", "'XXZ' is no currency"),
        ("source = \"Two Words\"", "cannot name a source"),
        ("time_format = \"american\"", "unknown variant `american`"),
        ("[columns]\nquantity = { colum = \"qty\" }", "unknown field `colum`"),
        ("[columns]\nquantity = { sum = [\"a\"], constant = \"1\" }", "exactly one of"),
        ("[columns]\nquantity = { sum = [] }", "exactly one of"),
        ("[columns]\nquantity = 5", "expected a column's name"),
        ("[columns]\nexternal_id = \"{id\"", "a brace without its partner"),
        ("time_format = ", "TOML parse error"),
    ] {
        let said = plan(mapping, &COLUMNS).unwrap_err();
        assert!(said.contains(reason), "{mapping}: {said}");
    }
}

#[test]
fn guessing_can_be_left_out_for_one_field_or_for_all() {
    let columns = [&COLUMNS[..], &["price"]].concat();
    let explanation =
        plan("[columns]\nunit_price = { constant = \"\" }", &columns).unwrap().explain();
    assert_eq!(explanation.unused_columns, ["price"]);
    assert!(plan("guess = false", &columns).unwrap_err().contains("no column is known for"));
}

#[test]
fn a_mapping_survives_being_stored() {
    let text = r#"
        source = "tills"
        time_format = "day-first"
        time_zone = "America/New_York"
        number_format = "comma-groups"
        currency = "USD"
        encoding = "windows-1252"
        delimiter = "\t"
        negative_quantity = "refuse"
        guess = false
        [columns]
        store = "shop"
        external_id = "{receipt}:{line?}"
        product = { column = "upc{", otherwise = ["sku"], words = { a = "b" } }
        discount_amount = { sum = ["x", "y"] }
        currency = { constant = "USD" }
    "#;
    let mapping = Mapping::parse(text).unwrap();
    let json = serde_json::to_string(&mapping).unwrap();
    assert_eq!(serde_json::from_str::<Mapping>(&json).unwrap(), mapping);
    let toml = toml::to_string(&mapping).unwrap();
    assert_eq!(Mapping::parse(&toml).unwrap(), mapping);
}

#[test]
fn what_the_mapping_says_is_stronger_than_the_defaults() {
    let said =
        Mapping::parse("negative_quantity = \"refuse\"\ntime_zone = \"Asia/Tokyo\"").unwrap();
    let conventions = said.conventions(&conventions());
    assert!(!conventions.negative_quantity_is_return);
    assert_eq!(conventions.zones.zone_of(None).iana_name(), Some("Asia/Tokyo"));
    let silent = Mapping::default().conventions(&conventions);
    assert_eq!(silent.zones.zone_of(None).iana_name(), Some("Asia/Tokyo"));
}

#[test]
fn a_mapping_is_known_by_a_fingerprint_that_no_release_changes() {
    let tills = "time_format = \"day-first\"\n[columns]\nstore = \"Shop\"\nproduct = \"EAN\"";
    for (text, fingerprint) in
        [("", "6e46dd10defc9b56c29a6ec56b508c21"), (tills, "e5f054bfa1f7018caf06766ea184384f")]
    {
        let found = Mapping::parse(text).unwrap().fingerprint();
        assert_eq!(found, fingerprint, "another one reads every file anew: {text}");
    }
}
