//! A foreign key that no index serves.

use super::added_constraints;
use super::{About, Rule};
use crate::lint::script::action::ConstraintKind;
use crate::lint::state::Birth;
use crate::lint::{Findings, Severity, Whole};

/// A foreign key that no index serves.
pub(super) struct ForeignKeyWithoutIndex;

const ABOUT: About = About {
    name: "foreign-key-without-index",
    severity: Severity::Warning,
    summary: "No index finds the rows that refer to a row.",
    why: "Deleting a row over there, or changing its key, reads this whole table for each row, and \
        holds locks meanwhile; joins from there read it too.",
    remedy: "create an index that begins with the columns of the foreign key",
    given: "",
    bad: "\
create table stores (id bigint primary key);
create table orders (id bigint primary key, store_id bigint not null references stores);",
    good: "\
create table stores (id bigint primary key);
create table orders (id bigint primary key, store_id bigint not null references stores);
create index orders_store on orders (store_id);",
};

impl Rule for ForeignKeyWithoutIndex {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        for statement in &whole.script.statements {
            for (name, constraint) in added_constraints(&statement.action) {
                let ConstraintKind::ForeignKey(to) = &constraint.kind else { continue };
                let Some(table) = whole.after.table(name) else { continue };
                let is_whole = table.birth == Birth::Here || whole.after.is_complete(table);
                let is_partition = table.partition_of.is_some();
                // Behind the tenant's column the others alone find the rows as well.
                let tenant = whole.profile.tenant_column.as_ref();
                let others: Vec<String> =
                    constraint.columns.iter().filter(|it| Some(*it) != tenant).cloned().collect();
                let is_found_by_others = !others.is_empty() && table.has_index_on(&others);
                if table.has_index_on(&constraint.columns) || is_found_by_others || is_partition {
                    continue;
                }
                let columns = constraint.columns.join(", ");
                let message = format!(
                    "no index of `{name}` begins with ({columns}): each delete from `{}` reads it all",
                    to.table
                );
                let more = findings.add(constraint.span, message);
                let small = whole
                    .after
                    .table(&to.table)
                    .and_then(|to| to.size)
                    .filter(|size| size.rows > 0 && size.rows < 20);
                if !is_whole {
                    more.at_most(Severity::Note).help(
                        "the indexes of this table are not known; give `--database` or the earlier migrations",
                    );
                } else if let Some(size) = small {
                    more.at_most(Severity::Note).evidence(format!("`{}` has {size}", to.table));
                }
            }
        }
    }
}
