//! A function, a cast or a calculation around a column keeps an index, or partitions, from being used.

use super::{Finding, Look, Rule};
use crate::indexes::without_alias;
use crate::plans::condition::{Clause, Hider, Side, clause, conjuncts, is_range};
use crate::plans::plan::quoted;
use crate::plans::{Node, TableFacts};

/// Functions that cut a time down: their conditions can be said as a range of the time itself.
const CUTS: [&str; 4] = ["date", "date_trunc", "time_bucket", "extract"];

/// See the summary.
pub(super) struct ColumnHidden;

impl Rule for ColumnHidden {
    fn name(&self) -> &'static str {
        "column-hidden"
    }

    fn summary(&self) -> &'static str {
        "A filter looks at a column through a function, a cast or a calculation."
    }

    fn why(&self) -> &'static str {
        "An index, statistics and partitions are about the column itself; around it, each row is \
         calculated before it can be refused, and the planner guesses how many will pass."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let scans = look.nodes().filter(|node| node.relation.is_some() && look.is_worth_it(node));
        let mut findings: Vec<Finding> = Vec::new();
        for node in scans {
            for finding in self.judge(look, node) {
                // Each partition says the same.
                match findings.iter_mut().find(|it| it.evidence.first() == finding.evidence.first())
                {
                    Some(known) => known.nodes.extend(finding.nodes),
                    None => findings.push(finding),
                }
            }
        }
        findings
    }
}

impl ColumnHidden {
    fn judge(&self, look: &Look<'_>, node: &Node) -> Vec<Finding> {
        // Rows that pass anyway are no reason to look for an index.
        let discards = match node.actual_rows() {
            Some(kept) => node.filtered_rows() > kept,
            None => true,
        };
        let filter = node.conditions.filter.as_deref().filter(|_| discards);
        let Some(filter) = filter else { return Vec::new() };
        let clauses = conjuncts(filter).into_iter().filter_map(clause);
        clauses.filter_map(|clause| self.judge_clause(look, node, clause)).collect()
    }

    fn judge_clause(&self, look: &Look<'_>, node: &Node, clause: Clause<'_>) -> Option<Finding> {
        let (Side::Hidden { column, by }, operator) = clause.subject()? else { return None };
        if !clause.is_equality() && !is_range(operator) {
            return None;
        }
        let table = look.table(node);
        if is_harmless(&by, table, &column) {
            return None;
        }
        let hidden_by = match &by {
            Hider::Cast(to) => format!("a cast to {to}"),
            Hider::Function(name) => format!("the function {name}"),
            Hider::Operator(operator) => format!("a calculation with {operator}"),
        };
        let index = table.and_then(|table| table.index_on(&column));
        let is_partitioned = table.is_some_and(|table| table.partition_columns.contains(&column));
        let what = match index {
            Some(index) => format!("{hidden_by} around {column} hides the index {}", index.name),
            None if is_partitioned => {
                format!("{hidden_by} around {column} keeps partitions from being left out")
            }
            None => format!("{column} is looked at through {hidden_by}"),
        };
        // Without an index there is nothing that is hidden yet.
        let is_sure = index.is_some() || is_partitioned;
        let mut finding =
            Finding::at(self, look, node, what).evidence(format!("filter: {}", clause.text));
        if node.filtered_rows() > 0.0 {
            let removed = super::super::tree::count(node.filtered_rows());
            finding = finding.evidence(format!("{removed} rows calculated and thrown away"));
        }
        if !is_sure {
            finding = finding.confidence(super::Confidence::Low);
        }
        Some(advise(finding, (node, table), &clause, &column, &by))
    }
}

fn advise(
    finding: Finding,
    (node, table): (&Node, Option<&TableFacts>),
    clause: &Clause<'_>,
    column: &str,
    by: &Hider,
) -> Finding {
    let name = quoted(column);
    match by {
        Hider::Cast(to) if to == "date" => finding.advise_sql(
            "say it as a range of the time itself; name the time zone of the day in the literals",
            format!("where {name} >= '2026-01-01 00:00' and {name} < '2026-01-02 00:00'"),
        ),
        Hider::Function(function) if CUTS.contains(&function.as_str()) => finding.advise_sql(
            "say it as a half-open range of the time itself",
            format!("where {name} >= '2026-01-01' and {name} < '2026-02-01'"),
        ),
        Hider::Cast(to) => {
            let own = table.and_then(|table| table.column(column)).map(|it| it.type_name.as_str());
            let own = own.unwrap_or("the column's own type");
            finding.advise(format!(
                "compare with a value of {own}: the value made the server turn {column} into {to}"
            ))
        }
        Hider::Operator(_) => finding.advise(format!(
            "calculate on the other side of the comparison, so that {column} stands alone"
        )),
        Hider::Function(_) => {
            let expression = if clause.subject_is_left() { clause.left } else { clause.right };
            let expression = without_alias(expression);
            let whole = table.and_then(|table| table.part_of.clone());
            let how = if whole.is_some() { "" } else { " concurrently" };
            let target = whole.or_else(|| node.table()).unwrap_or_default();
            finding.advise_sql(
                "store or compare the value as it is searched for, or index the expression, which \
                 must be immutable; analyze afterwards, for its statistics",
                format!("create index{how} on {target} (({expression}));"),
            )
        }
    }
}

/// Text of any kind is compared as text: that cast costs no index.
pub(super) fn is_harmless(by: &Hider, table: Option<&TableFacts>, column: &str) -> bool {
    let Hider::Cast(to) = by else { return false };
    if to != "text" && !to.starts_with("character varying") {
        return false;
    }
    match table.and_then(|table| table.column(column)) {
        Some(column) => {
            ["character varying", "text", "name"].iter().any(|it| column.type_name.starts_with(it))
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::plans::findings::look;
    use crate::plans::{Facts, read};

    #[test]
    fn an_index_is_of_the_expression_without_the_alias() {
        let plan = "Seq Scan on public.lines l  (cost=0.00..1225.00 rows=250 width=8) (actual time=0.010..42.000 rows=3 loops=1)
  Filter: (upper(l.note) = 'Y'::text)
  Rows Removed by Filter: 49997
Execution Time: 42.100 ms";
        let findings = look(&read(plan).unwrap(), &Facts::default(), None);
        let finding = findings.iter().find(|it| it.rule == "column-hidden").unwrap();
        assert_eq!(
            finding.remedies[0].sql.as_deref(),
            Some("create index concurrently on public.lines ((upper(note)));")
        );
    }
}
