//! The type `money`.

use super::added_columns;
use super::{About, Rule};
use crate::lint::{At, Findings, Severity};

/// The type `money`.
pub(super) struct MoneyType;

const ABOUT: About = About {
    name: "money-type",
    severity: Severity::Warning,
    summary: "`money` has no currency, and its decimals and symbol are those of a server setting.",
    why: "The same bytes read as dollars on one server and as yen on another, because lc_monetary \
        decides; two currencies cannot live in one column.",
    remedy: "use `numeric(19, 4)` and a column for the currency",
    given: "",
    bad: "create table prices (id bigint primary key, amount money);",
    good: "\
create table prices (id bigint primary key, amount numeric(19, 4), currency text);",
};

impl Rule for MoneyType {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        for (table, column) in added_columns(&at.statement.action) {
            if column.data_type.name == "money" {
                findings.add(
                    column.type_span,
                    format!(
                        "what `{table}.{}` is worth depends on the setting lc_monetary",
                        column.name
                    ),
                );
            }
        }
    }
}
