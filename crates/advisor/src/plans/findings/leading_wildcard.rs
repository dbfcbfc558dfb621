//! A pattern that begins with a wildcard.

use super::column_hidden::is_harmless;
use super::{Finding, Look, Rule};
use crate::indexes::without_alias;
use crate::plans::TableFacts;
use crate::plans::condition::{Side, clause, conjuncts, side};
use crate::plans::plan::quoted;
use crate::plans::tree::count;

/// See the summary.
pub(super) struct LeadingWildcard;

impl Rule for LeadingWildcard {
    fn name(&self) -> &'static str {
        "leading-wildcard"
    }

    fn summary(&self) -> &'static str {
        "A pattern that begins with % is compared with every row."
    }

    fn why(&self) -> &'static str {
        "An ordered index finds what begins alike; what stands somewhere within only an index of its \
         parts finds."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let scans = look.nodes().filter(|node| node.relation.is_some() && look.is_worth_it(node));
        let mut findings = Vec::new();
        for node in scans.filter(|node| node.filtered_rows() >= 10_000.0) {
            let filter = node.conditions.filter.as_deref().unwrap_or_default();
            let patterns = conjuncts(filter).into_iter().filter_map(clause).filter(|clause| {
                matches!(clause.operator, "~~" | "~~*") && clause.right.starts_with("'%")
            });
            for pattern in patterns {
                let what = format!(
                    "{} rows are compared with a pattern that begins with a wildcard",
                    count(node.filtered_rows() + node.actual_rows().unwrap_or_default())
                );
                let whole = look.table(node).and_then(|table| table.part_of.clone());
                let how = if whole.is_some() { "" } else { " concurrently" };
                let table = whole.or_else(|| node.table()).unwrap_or_default();
                let finding = Finding::at(self, look, node, what)
                    .evidence(format!("filter: {}", pattern.text))
                    .advise_sql(
                        "an index of groups of three letters; proved on the plan before it is kept",
                        format!(
                            "create extension if not exists pg_trgm;\ncreate index{how} on {table} \
                             using gin ({} gin_trgm_ops);",
                            key(pattern.left, look.table(node))
                        ),
                    );
                findings.push(finding);
            }
        }
        findings
    }
}

/// Writes what is compared as an index has it: only the same expression is found there.
fn key(compared: &str, table: Option<&TableFacts>) -> String {
    match side(compared) {
        Side::Column(column) => quoted(&column),
        Side::Hidden { column, by } if is_harmless(&by, table, &column) => quoted(&column),
        _ => format!("({})", without_alias(compared)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::ColumnFacts;

    #[test]
    fn an_index_is_of_what_is_compared() {
        let column = |name: &str, type_name: &str| ColumnFacts {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            ..ColumnFacts::default()
        };
        let columns = vec![column("name", "character varying(30)"), column("code", "integer")];
        let table = TableFacts { columns, ..TableFacts::default() };
        for (compared, said) in [
            ("l.note", "note"),
            ("l.\"Odd.name\"", "\"Odd.name\""),
            ("(l.name)::text", "name"),
            ("(l.code)::text", "((code)::text)"),
            ("lower((l.name)::text)", "(lower((name)::text))"),
            ("(l.note || l.name)", "((note || name))"),
        ] {
            assert_eq!(key(compared, Some(&table)), said, "{compared}");
        }
    }
}
