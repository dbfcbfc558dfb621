//! An alternative between columns or tables is looked at row by row, where each side alone has an index.

use super::indexing::{PROVE, Served, create_index, existing};
use super::{Confidence, Finding, Look, Rule};
use crate::plans::condition::{Side, clause, conjuncts, disjuncts, is_range, stripped};
use crate::plans::plan::quoted;
use crate::plans::tree::count;
use crate::plans::{Node, TableFacts};

/// Smaller tables are read as a whole faster than through two indexes.
const ROWS: f64 = 10_000.0;

/// Fewer rows that an index found are not worth another.
const FOUND: f64 = 1_000.0;

/// From this share of thrown away rows on, indexes read fewer pages.
const DISCARDED: f64 = 0.9;

/// How two questions are asked in the place of one.
const TWO_QUESTIONS: &str = "select … where one side\nunion all\n\
                             select … where the other side and (one side) is not true";

/// See the summary.
pub(super) struct OrNotSplit;

impl Rule for OrNotSplit {
    fn name(&self) -> &'static str {
        "or-not-split"
    }

    fn summary(&self) -> &'static str {
        "An OR between columns or tables is decided row by row, and nine of ten rows thrown away."
    }

    fn why(&self) -> &'static str {
        "One index serves one side of an OR only. The planner unites what several find where each side is a \
         comparison of the same table with an index of its own; else all rows are looked at, or joined first."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        look.nodes()
            .filter(|node| look.is_worth_it_below(node))
            .filter_map(|node| match split(look, node)? {
                Split::Scan(text, sides) => Some(self.judge_scan(look, node, text, &sides)),
                Split::Join(text, sides) => Some(self.judge_join(look, node, text, &sides)),
            })
            .collect()
    }
}

/// Whether a node's filter is an OR that this rule speaks of: then an index on what else is compared is
/// not what is needed.
pub(super) fn concerns(look: &Look<'_>, node: &Node) -> bool {
    look.is_worth_it_below(node) && split(look, node).is_some()
}

/// An OR, and its sides.
enum Split<'n> {
    /// Between columns of a table, or what a subquery finds.
    Scan(&'n str, Vec<Alternative<'n>>),
    /// Between tables.
    Join(&'n str, Vec<Alternative<'n>>),
}

/// One side of an OR.
struct Alternative<'n> {
    text: &'n str,
    /// The table whose columns it compares, as the plan calls it; none without tables' names.
    table: Option<&'n str>,
    /// What an index would have to have in front; nothing where a subquery decides.
    served: Served,
}

fn split<'n>(look: &Look<'_>, node: &'n Node) -> Option<Split<'n>> {
    if node.is_join() {
        // What decides about an outer join's or a semijoin's pairs cannot be asked side by side.
        let is_inner = node.join_type.as_deref().is_none_or(|join| join == "Inner");
        let join_filter = node.conditions.join_filter.as_ref().filter(|_| is_inner);
        let filters = [join_filter, node.conditions.filter.as_ref()];
        let removed = node.removed.by_join_filter * node.loops() + node.filtered_rows();
        let read = removed + node.actual_rows()?;
        if removed < ROWS || removed < read * DISCARDED {
            return None;
        }
        let (text, sides) = filters.into_iter().flatten().find_map(|filter| either(filter))?;
        let mut tables: Vec<&str> = sides.iter().map(|side| side.table).collect::<Option<_>>()?;
        tables.sort_unstable();
        tables.dedup();
        return (tables.len() > 1).then_some(Split::Join(text, sides));
    }
    let filter = node.conditions.filter.as_deref().filter(|_| node.relation.is_some())?;
    let table = look.table(node);
    let kept = node.actual_rows().unwrap_or(node.estimate.rows);
    let discarded = match node.actual {
        Some(_) => node.filtered_rows(),
        None => (table?.estimated_rows - kept).max(0.0),
    };
    let enough = if node.is_seq_scan() { ROWS } else { FOUND };
    if look.rows_read(node) < enough || discarded < (kept + discarded) * DISCARDED {
        return None;
    }
    let (text, mut sides) = either(filter)?;
    let beside = beside(look, node, filter, text)?;
    for side in sides.iter_mut().filter(|side| !side.is_subquery()) {
        side.served.add(beside.clone());
    }
    Some(Split::Scan(text, sides))
}

/// Reads what a scan compares besides its OR; nothing where an index on that is what it needs first.
fn beside(look: &Look<'_>, node: &Node, filter: &str, either: &str) -> Option<Served> {
    let mut rest = Served::default();
    for condition in conjuncts(filter).into_iter().filter(|condition| *condition != either) {
        rest.add(Served::of(condition));
    }
    if node.is_seq_scan() {
        let table = look.table(node);
        let keys = rest.keys(table);
        let has_index = table.is_some_and(|table| existing(table, &keys).is_some());
        return (keys.is_empty() || has_index).then_some(rest);
    }
    // An index without a condition is walked for its order, and other kinds of scans have none.
    let asked = node.conditions.index.as_deref().or(node.conditions.recheck.as_deref())?;
    let mut served = Served::of(asked);
    let asked = served.clone();
    served.add(rest);
    (served == asked).then_some(served)
}

/// Finds the OR of a condition whose sides have no column in common, if each could be asked alone.
fn either(condition: &str) -> Option<(&str, Vec<Alternative<'_>>)> {
    conjuncts(condition).into_iter().find_map(|text| {
        let parts = disjuncts(text);
        if parts.len() < 2 {
            return None;
        }
        let sides: Vec<Alternative<'_>> =
            parts.into_iter().map(alternative).collect::<Option<_>>()?;
        let names = |side: &Alternative<'_>, column: &String| {
            side.served.equal.contains(column) || side.served.range.contains(column)
        };
        let first = sides.iter().find(|side| !side.is_subquery())?;
        let mut columns = first.served.equal.iter().chain(&first.served.range);
        let is_common = columns.any(|column| {
            sides.iter().all(|side| side.table == first.table && names(side, column))
        });
        (!is_common).then_some((text, sides))
    })
}

impl Alternative<'_> {
    fn is_subquery(&self) -> bool {
        self.served == Served::default()
    }
}

fn alternative(text: &str) -> Option<Alternative<'_>> {
    let asks = text.contains("SubPlan") && !text.contains("NOT (");
    if asks {
        return Some(Alternative { text, table: None, served: Served::default() });
    }
    let mut tables: Vec<Option<&str>> = Vec::new();
    for condition in conjuncts(text) {
        let clause = clause(condition)?;
        let (Side::Column(_), operator) = clause.subject()? else { return None };
        if !clause.is_equality() && !is_range(operator) {
            return None;
        }
        let column = if clause.subject_is_left() { clause.left } else { clause.right };
        tables.push(stripped(column).rsplit_once('.').map(|(table, _)| table));
    }
    tables.dedup();
    let [table] = tables.as_slice() else { return None };
    Some(Alternative { text, table: *table, served: Served::of(text) })
}

impl OrNotSplit {
    fn judge_scan(
        &self,
        look: &Look<'_>,
        node: &Node,
        text: &str,
        sides: &[Alternative<'_>],
    ) -> Finding {
        let table = look.table(node);
        let name = node.relation.as_deref().unwrap_or("the table");
        let kept = node.actual_rows().unwrap_or(node.estimate.rows);
        let what = match node.actual {
            Some(_) => format!(
                "{} rows of {name} are looked at for an OR to keep {}",
                count(kept + node.filtered_rows()),
                count(kept)
            ),
            None => format!(
                "rows of {name} would be looked at (estimated) for an OR to keep {}",
                count(kept)
            ),
        };
        let finding = Finding::at(self, look, node, what)
            .share_of(look.share_below(node))
            .evidence(format!("alternative: {text}"));
        let asked: Vec<&Alternative<'_>> =
            sides.iter().filter(|side| !side.is_subquery()).collect();
        let (finding, missing) = indexes(finding, asked.iter().map(|side| (node, table, *side)));
        if asked.len() < sides.len() {
            let finding = finding.advise_sql(
                "a side that a subquery decides has no index to unite: ask a question for each side, so \
                 that the subquery becomes a join",
                TWO_QUESTIONS,
            );
            return with_indexes(finding, missing);
        }
        if missing.is_empty() {
            return finding
                .advise(
                    "each side has an index, and they were not united: look whether the estimates are \
                     right, and whether enable_bitmapscan is on",
                )
                .confidence(Confidence::Low);
        }
        with_indexes(finding, missing)
    }

    fn judge_join(
        &self,
        look: &Look<'_>,
        node: &Node,
        text: &str,
        sides: &[Alternative<'_>],
    ) -> Finding {
        let removed = node.removed.by_join_filter * node.loops() + node.filtered_rows();
        let kept = node.actual_rows().unwrap_or_default();
        let what = format!(
            "{} rows are joined for an OR between tables to keep {}",
            count(kept + removed),
            count(kept)
        );
        let finding = Finding::at(self, look, node, what)
            .share_of(look.share_below(node))
            .evidence(format!("alternative: {text}"));
        let scan = |side: &Alternative<'_>| {
            look.plan.below(node).find(|below| {
                let name = below.alias.as_deref().or(below.relation.as_deref());
                below.relation.is_some() && name.map(quoted).as_deref() == side.table
            })
        };
        let asked = sides.iter().filter_map(|side| {
            let scan = scan(side)?;
            let table = look.table(scan);
            let is_small = table.is_some_and(|it| (0.0..ROWS).contains(&it.estimated_rows));
            (!is_small).then_some((scan, table, side))
        });
        let (finding, missing) = indexes(finding, asked);
        with_indexes(finding.advise_sql("ask a question for each side", questions(sides)), missing)
    }
}

/// Tells which sides have an index, and writes those that are missing.
fn indexes<'n>(
    mut finding: Finding,
    asked: impl Iterator<Item = (&'n Node, Option<&'n TableFacts>, &'n Alternative<'n>)>,
) -> (Finding, Vec<String>) {
    let mut missing = Vec::new();
    for (node, table, side) in asked {
        let keys = side.served.keys(table);
        // The most selective keys come first: an index of those alone finds few rows as well.
        let known = table.and_then(|table| {
            (1..=keys.len()).rev().find_map(|most| existing(table, keys.get(..most)?))
        });
        match (known, create_index(node, table, &keys)) {
            (Some(index), _) => finding = finding.evidence(format!("{index} serves {}", side.text)),
            (None, Some(sql)) if !missing.contains(&sql) => missing.push(sql),
            _ => {}
        }
    }
    (finding, missing)
}

fn with_indexes(finding: Finding, missing: Vec<String>) -> Finding {
    if missing.is_empty() {
        return finding;
    }
    let advice = format!("an index for each side that has none; {PROVE}");
    finding.advise_sql(advice, missing.join("\n"))
}

/// Writes a question for each side, each without the rows of those before.
fn questions(sides: &[Alternative<'_>]) -> String {
    let mut questions = Vec::new();
    for (place, side) in sides.iter().enumerate() {
        let before: String = sides
            .iter()
            .take(place)
            .map(|side| format!(" and ({}) is not true", stripped(side.text)))
            .collect();
        questions.push(format!("select … where ({}){before}", stripped(side.text)));
    }
    questions.join("\nunion all\n")
}
