//! A foreign key between columns of different types.

use super::added_constraints;
use super::{About, Rule};
use crate::lint::script::action::ConstraintKind;
use crate::lint::{Findings, Severity, Whole};

/// A foreign key between columns of different types.
pub(super) struct ForeignKeyTypeMismatch;

const ABOUT: About = About {
    name: "foreign-key-type-mismatch",
    severity: Severity::Warning,
    summary: "The column has another type than the one it refers to.",
    why: "Each check casts, which may keep it from the index; and the narrower side runs out first.",
    remedy: "give both columns the same type",
    given: "",
    bad: "\
create table stores (id bigint primary key);
create table orders (id bigint primary key, store_id integer references stores (id));
create index orders_store on orders (store_id);",
    good: "\
create table stores (id bigint primary key);
create table orders (id bigint primary key, store_id bigint references stores (id));
create index orders_store on orders (store_id);",
};

impl Rule for ForeignKeyTypeMismatch {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        for statement in &whole.script.statements {
            for (name, constraint) in added_constraints(&statement.action) {
                let ConstraintKind::ForeignKey(to) = &constraint.kind else { continue };
                let (Some(table), Some(other)) =
                    (whole.after.table(name), whole.after.table(&to.table))
                else {
                    continue;
                };
                let key = other.primary_key().map(|key| key.columns.clone()).unwrap_or_default();
                let referred = if to.columns.is_empty() { &key } else { &to.columns };
                for (own, theirs) in constraint.columns.iter().zip(referred) {
                    let (Some(own), Some(theirs)) = (table.column(own), other.column(theirs))
                    else {
                        continue;
                    };
                    let wanted = theirs.data_type.referring();
                    let is_same = own.data_type.referring().name == wanted.name
                        || (own.data_type.is_text() && wanted.is_text());
                    if !is_same {
                        let message = format!(
                            "`{}` is {}, and `{}.{}` is {wanted}",
                            own.name, own.data_type, to.table, theirs.name
                        );
                        findings.add(constraint.span, message);
                    }
                }
            }
        }
    }
}
