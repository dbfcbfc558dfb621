//! The rules of this house for new tables, and what people ask for again and again.

use shelfops_advisor::design::{House, Parent, Question, Template, TenantRule};

use crate::ops::OpError;

/// Tables that others refer to, each with what makes a row of a tenant the only one, and how many rows a
/// tenant has where nobody says: a chain of fifty stores.
const PARENTS: [(&str, &[&str], u64); 6] = [
    ("stores", &["store_id"], 50),
    ("products", &["product_id"], 5_000),
    ("suppliers", &["supplier_id"], 500),
    ("purchase_orders", &["purchase_order_id"], 20_000),
    ("integrations", &["integration_id"], 5),
    ("sync_runs", &["sync_run_id"], 50_000),
];

/// Returns the rules that `schema design` works by.
///
/// # Errors
/// Fails when a template of this program is not right.
pub(crate) fn house() -> Result<House, OpError> {
    let spec = toml::from_str(include_str!("supplier_performance.toml"))
        .map_err(|error| OpError::failed(format!("a template is not right: {error}")))?;
    let spelled = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    Ok(House {
        tenant: Some(TenantRule {
            column: "customer_id".to_owned(),
            data_type: "uuid".to_owned(),
            table: "customers".to_owned(),
            protect: "shelfops.protect_tenant_table".to_owned(),
            create_timeseries: "shelfops.create_timeseries".to_owned(),
            drop_timeseries: "shelfops.drop_timeseries".to_owned(),
        }),
        parents: PARENTS
            .iter()
            .map(|(table, key, usual_rows)| Parent {
                usual_rows: *usual_rows,
                table: (*table).to_owned(),
                key: key.iter().map(|column| (*column).to_owned()).collect(),
            })
            .collect(),
        // Every view in public is a guard over a hypertable, and the tests of tenancy hold to that.
        has_views: false,
        partitioned_from: 10_000_000,
        unindexed_up_to: 10_000,
        usual_tenants: 200,
        templates: vec![Template {
            words: vec![
                spelled(&["supplier", "suppliers", "vendor", "vendors"]),
                spelled(&["performance", "scorecard", "scorecards"]),
            ],
            spec,
            questions: vec![
                Question {
                    asks: "At which grain are suppliers looked at?".to_owned(),
                    default:
                        "a month; with a day, 200 tenants of 500 suppliers make 36.5 million rows \
                              a year, and the table is partitioned"
                            .to_owned(),
                },
                Question {
                    asks: "Which source is right about receipts: purchase orders or the warehouse?"
                        .to_owned(),
                    default: "purchase_orders and their lines".to_owned(),
                },
            ],
        }],
    })
}
