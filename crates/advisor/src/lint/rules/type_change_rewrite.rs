//! A change of type that writes the table anew.

use super::{About, Rule};
use crate::lint::data_type::{DataType, TypeChange};
use crate::lint::script::action::{Action, Change};
use crate::lint::script::{Name, Span};
use crate::lint::state::Size;
use crate::lint::{At, Findings, Severity};

/// A change of type that writes the table anew.
pub(super) struct TypeChangeRewrite;

const ABOUT: About = About {
    name: "type-change-rewrite",
    severity: Severity::Error,
    summary: "Changing this type writes the table and its indexes anew under an ACCESS EXCLUSIVE lock.",
    why: "Nobody reads or writes until every row has been copied, and twice the space is needed \
        meanwhile. Some changes are free: a longer varchar, varchar to text, a numeric with more \
        digits and the same scale. They still build anew, under the same lock, indexes that have an \
        expression or a condition, and with another collation all of the column's.",
    remedy: "add a new column, write both, fill old rows in batches, switch readers, drop the old \
        column",
    given: "\
create table orders (id bigint primary key, quantity integer, note varchar(50));",
    bad: "alter table orders alter column quantity type bigint;",
    good: "alter table orders alter column note type varchar(80);",
};

impl Rule for TypeChangeRewrite {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        let size = at.state.table(&alter.table).and_then(|table| table.size);
        for (span, change) in &alter.changes {
            let Change::SetType { column, to, using, .. } = change else { continue };
            let transforms = using.as_ref().is_some_and(|it| !is_plain(&it.text, column, to));
            let known = at.state.column(&alter.table, column).map(|known| &known.data_type);
            let Some(from) = known else {
                unknown(findings, (*span, size), (&alter.table, column, to), transforms);
                if !transforms && may_be_free(to) {
                    built_anew(at, findings, (*span, &alter.table), change);
                }
                continue;
            };
            let cost = if transforms { TypeChange::Rewrite } else { from.change_to(to) };
            let message =
                format!("`{column}` from {from} to {to}: all of `{}` is written anew", alter.table);
            match cost {
                TypeChange::Free => built_anew(at, findings, (*span, &alter.table), change),
                TypeChange::Depends(when) => {
                    let zones = format!("{message}, unless");
                    findings.add(*span, format!("{zones} TimeZone is UTC")).sized(size).help(format!(
                        "{when}: `set local timezone to 'UTC'` in the same transaction makes it so, if \
                         the old values are UTC"
                    ));
                }
                TypeChange::Rewrite => {
                    findings.add(*span, message).sized(size);
                }
            }
        }
    }
}

/// Rows that stay as they are do not keep every index of the column.
fn built_anew(
    at: &At<'_>,
    findings: &mut Findings<'_>,
    (span, name): (Span, &Name),
    change: &Change,
) {
    let Change::SetType { column, collation, .. } = change else { return };
    let Some(table) = at.state.table(name) else { return };
    let known = table.column(column);
    let is_sorted_otherwise = match known {
        Some(known) => known.collation != *collation,
        None => collation.is_some(),
    };
    let indexes: Vec<String> = table
        .indexes
        .iter()
        .filter(|index| index.is_built_anew(column, is_sorted_otherwise))
        .map(|index| match &index.name {
            Some(name) => format!("`{}`", name.name),
            None => "one without a name".to_owned(),
        })
        .collect();
    if indexes.is_empty() {
        return;
    }
    let help = if is_sorted_otherwise {
        let new = collation.as_deref().unwrap_or("default");
        format!(
            "build `({column} collate \"{new}\")` concurrently and drop the old index before: a plain key that \
             has the new collation is kept"
        )
    } else {
        "drop the index before and build it concurrently behind: one with an expression or a condition is \
         never kept"
            .to_owned()
    };
    findings
        .add(
            span,
            format!(
                "`{column}` keeps its rows in `{name}` and not its indexes: nobody reads while they are \
                 built anew: {}",
                indexes.join(", ")
            ),
        )
        .sized(table.size)
        .help(help);
}

/// Whether an expression is the column itself, or its cast to the new type.
fn is_plain(text: &str, column: &str, to: &DataType) -> bool {
    let text = text.to_lowercase().replace('"', "");
    if text == column {
        return true;
    }
    let cast = text.strip_prefix(column).and_then(|rest| rest.trim_start().strip_prefix("::"));
    cast.is_some_and(|cast| DataType::parse(cast) == *to)
}

/// The old type is not known: what may be free is a warning, and says how to find out.
fn unknown(
    findings: &mut Findings<'_>,
    (span, size): (Span, Option<Size>),
    (table, column, to): (&Name, &str, &DataType),
    transforms: bool,
) {
    if transforms {
        let message = format!("`{column}` is computed anew: all of `{table}` is written");
        findings.add(span, message).sized(size);
    } else if !may_be_free(to) {
        let message = format!("`{column}` to {to}: all of `{table}` is written anew");
        findings.add(span, message).sized(size);
    } else {
        let message = format!("`{column}` to {to} is free or a rewrite, as its old type has it");
        findings
            .add(span, message)
            .severity(Severity::Note)
            .help("give `--database` or the earlier migrations, and the old type is looked up");
    }
}

/// Whether some type becomes this one at no cost.
fn may_be_free(to: &DataType) -> bool {
    matches!(
        to.name.as_str(),
        "text" | "varchar" | "numeric" | "varbit" | "timestamp" | "timestamptz" | "time" | "timetz"
    )
}
