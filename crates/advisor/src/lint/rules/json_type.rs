//! `json`, which is kept as text.

use super::added_columns;
use super::{About, Rule};
use crate::lint::{At, Findings, Severity};

/// `json`, which is kept as text.
pub(super) struct JsonType;

const ABOUT: About = About {
    name: "json-type",
    severity: Severity::Warning,
    summary: "`json` is text that is parsed again on every access.",
    why: "It cannot be compared, so `distinct`, `group by` and unique keys fail on it, and it \
        cannot be indexed for containment.",
    remedy: "use `jsonb`; keep `json` only where the order of keys or the white space must survive",
    given: "",
    bad: "create table events (id bigint primary key, payload json);",
    good: "create table events (id bigint primary key, payload jsonb);",
};

impl Rule for JsonType {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        for (table, column) in added_columns(&at.statement.action) {
            if column.data_type.name == "json" {
                findings.add(
                    column.type_span,
                    format!(
                        "`{table}.{}` is parsed anew on every access, and cannot be compared",
                        column.name
                    ),
                );
            }
        }
    }
}
