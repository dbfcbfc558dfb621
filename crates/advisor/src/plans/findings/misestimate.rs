//! The planner expected many more or many fewer rows than came, and decided by that.

use super::chunks_not_excluded::is_append;
use super::look::factor;
use super::{Confidence, Finding, Look, Rule};
use crate::indexes::without_alias;
use crate::plans::condition::{Clause, Side, clause, conjuncts};
use crate::plans::plan::quoted;
use crate::plans::tree::count;
use crate::plans::{Node, TableFacts};

/// From this factor on, joins and sorts are decided wrongly.
const FACTOR: f64 = 10.0;

/// Fewer rows than this make no plan wrong.
const ROWS: f64 = 100.0;

/// See the summary.
pub(super) struct Misestimate;

impl Rule for Misestimate {
    fn name(&self) -> &'static str {
        "misestimate"
    }

    fn summary(&self) -> &'static str {
        "Ten times more or fewer rows came than the planner expected."
    }

    fn why(&self) -> &'static str {
        "How tables are joined, in which order, with how much memory and how many workers all follow \
         from expected rows."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let wrong = look.nodes().filter(|node| is_wrong(look, node));
        // Where an estimate is wrong, those above are: the lowest is the cause.
        let causes = wrong.filter(|node| {
            !look.plan.below(node).skip(1).any(|below| !below.never_ran() && is_wrong(look, below))
        });
        causes.filter_map(|node| self.judge(look, node)).collect()
    }
}

/// Whether the rows that came make a plan wrong: those of parts of a table only where they do together.
fn is_wrong(look: &Look<'_>, node: &Node) -> bool {
    let mut near = look.plan.ancestors(node).take_while(|it| !it.is_join() && !it.is_blocking());
    let together = near.find(|above| is_append(above));
    is_far_off(look, node) && together.is_none_or(|append| is_far_off(look, append))
}

/// Whether many more rows came, or many fewer and nobody stopped the node.
fn is_far_off(look: &Look<'_>, node: &Node) -> bool {
    let Some(actual) = node.actual.filter(|actual| actual.loops > 0.0) else { return false };
    let factor = factor(node);
    let is_more = factor >= FACTOR && actual.rows * actual.loops >= ROWS;
    let is_less = factor <= 1.0 / FACTOR && node.estimate.rows * actual.loops >= ROWS;
    // A bitmap of an index says nothing that its table's scan does not.
    let counts = !matches!(node.kind.as_str(), "Bitmap Index Scan" | "BitmapAnd" | "BitmapOr");
    // Materialised rows are counted each time they are read.
    let is_read_again = matches!(node.kind.as_str(), "Materialize" | "Hash" | "Memoize");
    counts && !is_read_again && (is_more || (is_less && !look.may_stop_early(node)))
}

impl Misestimate {
    fn judge(&self, look: &Look<'_>, node: &Node) -> Option<Finding> {
        // It matters where something above was decided by it.
        let reader = look.plan.ancestors(node).find(|above| {
            above.is_join()
                || matches!(above.kind.as_str(), "Sort" | "Aggregate" | "Hash" | "Memoize")
        })?;
        let share = look.share_below(reader);
        if share.part < 0.05 {
            return None;
        }
        let actual = node.actual?;
        let factor = factor(node);
        let (times, word) =
            if factor > 1.0 { (factor, "more") } else { (1.0 / factor.max(1e-9), "fewer") };
        let what = format!(
            "{} rows were expected and {} came: {} times {word}",
            count(node.estimate.rows),
            count(actual.rows),
            count(times)
        );
        let mut finding = Finding::at(self, look, node, what)
            .share_of(share)
            .evidence(format!("decides {}", reader.title()));
        if actual.loops > 1.0 {
            finding = finding.evidence(format!("on average of {} runs", count(actual.loops)));
        }
        Some(cause(finding, look, node))
    }
}

/// Says what the planner did not know, as far as that can be seen.
fn cause(finding: Finding, look: &Look<'_>, node: &Node) -> Finding {
    let conditions = &node.conditions;
    let texts = [&conditions.filter, &conditions.index, &conditions.recheck];
    let clauses: Vec<_> = texts
        .into_iter()
        .flatten()
        .flat_map(|text| conjuncts(text))
        .filter_map(clause)
        .filter_map(|clause| Some((clause, clause.subject()?.0)))
        .collect();
    let finding = match clauses.first() {
        Some((clause, _)) => finding.evidence(format!("condition: {}", clause.text)),
        None => finding,
    };
    let hidden = clauses.iter().find_map(|(clause, side)| match side {
        Side::Hidden { column, .. } => {
            Some((if clause.subject_is_left() { clause.left } else { clause.right }, column))
        }
        _ => None,
    });
    let Some(name) = node.table() else {
        if let Some((expression, column)) = hidden {
            return nothing_known(finding, expression, column);
        }
        return finding
            .advise(
                "the estimate of a join or group goes wrong by its columns: extended statistics of \
                 the tables' columns that go together help below it, not across tables",
            )
            .confidence(Confidence::Medium);
    };
    let table = look.table(node);
    let whole = table.and_then(|table| table.part_of.as_deref());
    if let Some(table) = table.filter(|table| is_stale(table)) {
        let changed = count(table.changed_rows as f64);
        return finding
            .evidence(format!("cause: {changed} rows changed since the table was analysed"))
            .advise_sql("the statistics are old", format!("analyze {name};"));
    }
    if let Some((expression, column)) = hidden {
        let finding = nothing_known(finding, expression, column);
        let expression = without_alias(expression);
        if let Some(whole) = whole {
            return of_parts(finding, "or keep statistics of the expression", &expression, whole);
        }
        return finding.advise_sql(
            "or keep statistics of the expression (PostgreSQL 14 and newer), then analyze",
            format!(
                "create statistics {} on ({expression}) from {name};\nanalyze {name};",
                statistics_name(node, std::slice::from_ref(column)),
            ),
        );
    }
    let columns = columns_of(&clauses);
    if columns.len() > 1 {
        let listed = columns.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(", ");
        // Common values are looked at first where both kinds are kept, and values that are not among
        // them are then taken to be independent all the same.
        let is_equality = clauses.iter().all(|(clause, _)| clause.is_equality());
        let kind = if is_equality { "dependencies" } else { "mcv" };
        let said = format!("likely cause: {listed} go together, and are taken to be independent");
        let finding = finding.evidence(said).confidence(Confidence::Medium);
        let advice = "keep statistics of the columns together";
        if let Some(whole) = whole {
            return of_parts(finding, advice, &format!("({kind}) {listed}"), whole);
        }
        let name_of_it = statistics_name(node, &columns);
        let sql = format!(
            "create statistics {name_of_it} ({kind}) on {listed} from {name};\nanalyze {name};"
        );
        return finding.advise_sql(advice, sql);
    }
    uneven(finding, whole.unwrap_or(&name), columns.first())
}

/// Returns the columns that are compared, each once.
fn columns_of(clauses: &[(Clause<'_>, Side)]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for (_, side) in clauses {
        if let Side::Column(column) = side
            && !columns.contains(column)
        {
            columns.push(column.clone());
        }
    }
    columns
}

/// Advises statistics of a table's parts in words: each has its own, and those that come later have none.
fn of_parts(finding: Finding, advice: &str, of: &str, whole: &str) -> Finding {
    finding.advise(format!(
        "{advice}, {of}: on each part of {whole} by itself, and on each that comes later, since the planner \
         takes a part's own; a migration that names those of today would leave the others out"
    ))
}

/// Blames an expression, which has no statistics.
fn nothing_known(finding: Finding, expression: &str, column: &str) -> Finding {
    finding
        .evidence(format!("cause: nothing is known of {expression}, only of {column}"))
        .advise("compare the column itself")
}

/// Blames the spread of one column's values, where there is one.
fn uneven(finding: Finding, name: &str, column: Option<&String>) -> Finding {
    match column {
        Some(column) => finding
            .evidence(format!("likely cause: the values of {column} are unevenly spread"))
            .advise_sql(
                "keep more of its values",
                format!(
                    "alter table {name} alter column {} set statistics 1000;\nanalyze {name};",
                    quoted(column)
                ),
            )
            .confidence(Confidence::Medium),
        None => {
            finding.advise_sql("look whether its statistics are old", format!("analyze {name};"))
        }
    }
}

/// Names statistics; up to version 15 they need a name, and are found by it in the table's schema.
fn statistics_name(node: &Node, columns: &[String]) -> String {
    let table = node.relation.as_deref().unwrap_or("table");
    let mut name = format!("{table}_{}_statistics", columns.join("_"));
    name.truncate(name.floor_char_boundary(63));
    match node.schema.as_deref() {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name)),
        None => quoted(&name),
    }
}

fn is_stale(table: &TableFacts) -> bool {
    super::stale_statistics::reason(table).is_some()
}

#[cfg(test)]
mod tests {
    use crate::plans::findings::look;
    use crate::plans::{Facts, TableFacts, read};

    /// What is advised for a scan of a part of a table, the statements and the words.
    fn of_a_part(filter: &str) -> (Vec<String>, Vec<String>) {
        let plan = format!(
            "HashAggregate  (cost=1100.00..1102.00 rows=200 width=12) (actual time=44.000..44.100 rows=200 loops=1)
  Group Key: l.store_id
  ->  Seq Scan on public.lines_1 l  (cost=0.00..1000.00 rows=250 width=4) (actual time=0.010..40.000 rows=7143 loops=1)
        Filter: {filter}
        Rows Removed by Filter: 42857
Execution Time: 44.300 ms"
        );
        let part = TableFacts {
            schema: "public".to_owned(),
            name: "lines_1".to_owned(),
            part_of: Some("public.lines".to_owned()),
            ..TableFacts::default()
        };
        let facts = Facts { tables: vec![part], ..Facts::default() };
        let findings = look(&read(&plan).unwrap(), &facts, None);
        let finding = findings.into_iter().find(|it| it.rule == "misestimate").unwrap();
        finding.remedies.into_iter().map(|it| (it.sql.unwrap_or_default(), it.advice)).unzip()
    }

    #[test]
    fn statistics_of_parts_are_told_in_words_and_none_is_named_alone() {
        for filter in ["(abs(l.quantity) = 3)", "((l.one = 7) AND (l.two = 7))"] {
            let (sql, words) = of_a_part(filter);
            assert!(sql.iter().all(String::is_empty), "{sql:?}");
            assert!(
                words.last().unwrap().contains("each part of public.lines by itself"),
                "{words:?}"
            );
        }
        let (sql, _) = of_a_part("(l.one = 7)");
        let whole =
            "alter table public.lines alter column one set statistics 1000;\nanalyze public.lines;";
        assert_eq!(sql, [whole]);
    }

    #[test]
    fn statistics_are_of_the_expression_without_the_alias() {
        let plan = "HashAggregate  (cost=1100.00..1102.00 rows=200 width=12) (actual time=44.000..44.100 rows=200 loops=1)
  Group Key: l.store_id
  ->  Seq Scan on public.lines l  (cost=0.00..1000.00 rows=250 width=4) (actual time=0.010..40.000 rows=7143 loops=1)
        Filter: (abs(l.quantity) = 3)
        Rows Removed by Filter: 42857
Execution Time: 44.300 ms";
        let findings = look(&read(plan).unwrap(), &Facts::default(), None);
        let finding = findings.iter().find(|it| it.rule == "misestimate").unwrap();
        let sql = finding.remedies.iter().find_map(|it| it.sql.as_deref()).unwrap();
        assert!(sql.contains(" on (abs(quantity)) from public.lines;"), "{sql}");
    }
}
