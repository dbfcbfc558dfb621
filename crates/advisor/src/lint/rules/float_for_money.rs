//! Binary floating point for what must add up.

use super::added_columns;
use super::{About, Rule};
use crate::lint::{At, Findings, Severity};

/// Binary floating point for what must add up.
pub(super) struct FloatForMoney;

const ABOUT: About = About {
    name: "float-for-money",
    severity: Severity::Warning,
    summary: "Binary floating point cannot hold most decimal amounts.",
    why: "0.1 + 0.2 is not 0.3 in binary: totals differ from the sum of their lines, and from one \
        plan to another as rows are added in another order.",
    remedy: "use `numeric`, with as many decimals as the currency has, or whole cents in a `bigint`",
    given: "",
    bad: "\
create table sales (id bigint primary key, total_amount double precision);",
    good: "\
create table sales (id bigint primary key, total_amount numeric(19, 4));",
};

impl Rule for FloatForMoney {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        for (table, column) in added_columns(&at.statement.action) {
            if column.data_type.is_float() && is_money(&column.name) {
                findings.add(
                    column.type_span,
                    format!("`{table}.{}` holds amounts that will not add up", column.name),
                );
            }
        }
    }
}

/// Words in a column's name that say it is money.
const MONEY: &[&str] = &[
    "amount",
    "price",
    "cost",
    "total",
    "subtotal",
    "tax",
    "fee",
    "balance",
    "revenue",
    "discount",
    "salary",
    "payment",
    "refund",
    "credit",
    "debit",
    "money",
    "value_eur",
    "value_usd",
    "wage",
    "budget",
    "charge",
    "invoice",
    "margin",
    "profit",
    "vat",
];

/// Words that say what else a total is of: time, size, a share.
const NO_MONEY: &[&str] = &[
    "ms", "us", "seconds", "sec", "minutes", "hours", "time", "duration", "bytes", "rows",
    "percent", "ratio", "kg", "weight",
];

fn is_money(column: &str) -> bool {
    let has = |words: &[&str]| {
        column.split('_').any(|word| words.contains(&word.to_lowercase().as_str()))
    };
    has(MONEY) && !has(NO_MONEY)
}

#[cfg(test)]
mod tests {
    use super::is_money;

    #[test]
    fn a_total_of_time_is_no_money() {
        for column in ["total", "unit_price", "Total_Amount"] {
            assert!(is_money(column), "{column}");
        }
        for column in ["total_ms", "total_exec_time", "charge_percent", "quantity"] {
            assert!(!is_money(column), "{column}");
        }
    }
}
