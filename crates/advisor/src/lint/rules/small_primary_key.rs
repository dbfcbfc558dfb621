//! A key of four bytes, which runs out.

use super::{About, Rule};
use crate::lint::script::action::{Action, ConstraintKind};
use crate::lint::{At, Findings, Severity};

/// A key of four bytes, which runs out.
pub(super) struct SmallPrimaryKey;

const ABOUT: About = About {
    name: "small-primary-key",
    severity: Severity::Warning,
    summary: "An `integer` key ends at 2,147,483,647.",
    why: "When the sequence ends, every insert fails, and widening the key and all that refer to it \
        writes the tables anew. Rolled back inserts use numbers up too.",
    remedy: "use `bigint generated always as identity`, or `uuid`",
    given: "",
    bad: "create table sales (id serial primary key);",
    good: "\
create table sales (id bigint generated always as identity primary key);",
};

impl Rule for SmallPrimaryKey {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let (table, columns, constraints) = match &at.statement.action {
            Action::CreateTable(create) => (&create.name, &create.columns, &create.constraints),
            _ => return,
        };
        for constraint in constraints {
            let [only] = constraint.columns.as_slice() else { continue };
            if !matches!(constraint.kind, ConstraintKind::PrimaryKey) {
                continue;
            }
            let Some(column) = columns.iter().find(|column| column.name == *only) else { continue };
            let refers = constraints.iter().any(|other| {
                matches!(other.kind, ConstraintKind::ForeignKey(_))
                    && other.columns == constraint.columns
            });
            let counts =
                column.is_identity || column.data_type.is_serial() || column.default.is_some();
            if column.data_type.is_small_integer() && counts && !refers {
                let limit = match column.data_type.name.as_str() {
                    "smallint" | "smallserial" => "32,767",
                    _ => "2,147,483,647",
                };
                let message = format!("`{table}.{only}` ends at {limit}");
                findings.add(column.type_span, message);
            }
        }
    }
}
