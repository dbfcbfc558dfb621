//! A policy, or a filter like one, is calculated anew for each row.

use super::indexing::{PROVE, create_index};
use super::{Finding, Look, Rule};
use crate::plans::condition::{Call, Side, calls, clause, conjuncts};
use crate::plans::plan::quoted;
use crate::plans::tree::count;
use crate::plans::{Node, TableFacts};

/// Fewer rows are no matter.
const ROWS: f64 = 10_000.0;

/// Fewer runs of a subquery are no matter.
const RUNS: f64 = 1_000.0;

/// Functions of the server itself that policies ask, and whose answer is no matter of the row.
const ASKED: [&str; 2] = ["current_setting", "pg_has_role"];

/// See the summary.
pub(super) struct RowSecurityCost;

impl Rule for RowSecurityCost {
    fn name(&self) -> &'static str {
        "row-security-cost"
    }

    fn summary(&self) -> &'static str {
        "A policy, or a filter like one, calls a function for more than ten thousand rows, or runs a \
         subquery for more than a thousand."
    }

    fn why(&self) -> &'static str {
        "Called bare, a function such as current_setting runs for each row and cannot be pushed into \
         compressed chunks; as a subquery that names no column of the row it runs once and is a parameter, \
         which an index can look for."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let scans = look.nodes().filter(|node| node.relation.is_some() && look.is_worth_it(node));
        let calling = scans.filter_map(|node| self.calling(look, node));
        let subqueries =
            look.nodes().filter(|node| concerns(look, node) && look.is_worth_it_below(node));
        calling.chain(subqueries.filter_map(|node| self.running(look, node))).collect()
    }
}

/// Whether a node is a policy's subquery that names a column of the row, and so runs for each.
pub(super) fn concerns(look: &Look<'_>, node: &Node) -> bool {
    let (Some("SubPlan"), Some(name)) =
        (node.relationship.as_deref(), node.subplan_name.as_deref())
    else {
        return false;
    };
    let Some(scan) = look.plan.parent(node) else { return false };
    let filter = scan.conditions.filter.as_deref().unwrap_or_default();
    if !filter.contains(&format!("{name})")) || filter.contains(&format!("hashed {name})")) {
        return false;
    }
    let policies = look.table(scan).map(|table| table.policies.as_slice()).unwrap_or_default();
    let mut reads = look.plan.below(node).filter_map(|below| below.relation.as_deref());
    reads.any(|relation| policies.iter().any(|policy| names(policy, relation)))
}

impl RowSecurityCost {
    fn calling(&self, look: &Look<'_>, node: &Node) -> Option<Finding> {
        let filter = node.conditions.filter.as_deref()?;
        let table = look.table(node);
        let call = calls(filter).into_iter().find(|call| is_dear(look, table, call))?;
        let (rows, verb) = match (node.actual, node.is_seq_scan()) {
            (Some(_), _) => (look.rows_read(node), "is"),
            (None, true) => (look.rows_read(node), "would be (estimated)"),
            // How many an index finds before its filter is not told.
            (None, false) => (node.estimate.rows, "would be (estimated)"),
        };
        if rows < ROWS {
            return None;
        }
        // What is asked before it may have thrown rows away.
        let is_first = conjuncts(filter).first().is_some_and(|it| it.contains(call.text));
        let up_to = if is_first { "" } else { "up to " };
        let what = format!("{} {verb} called for {up_to}{} rows", call.name, count(rows));
        let mut finding = Finding::at(self, look, node, what).evidence(format!("filter: {filter}"));
        if let Some(table) = table.filter(|table| table.has_row_security) {
            let is_policys = table.policies.iter().any(|policy| names(policy, call.name));
            finding = finding.evidence(if is_policys {
                "a policy of the table calls it"
            } else {
                "the table has row security: it may be the policy's condition"
            });
        }
        if look.facts.function(call.name).is_some_and(|function| function.is_volatile) {
            finding = finding.evidence(format!("{} is volatile", call.name)).advise(
                "if it answers alike throughout a statement, declare it stable: no index is looked into \
                 for what a volatile function answers",
            );
        }
        Some(if call.knows_no_row() {
            wrapped(finding, node, table, &call)
        } else {
            finding
                .advise_sql(
                    "have it answer once for all rows: with what may be seen, in place of whether this row \
                     may be",
                    "using (tenant_id in (select tenants_to_see()))",
                )
                .advise(
                    "until then, let the statement compare with plain operators of integers, times and \
                     uuids: those are leakproof, and looked at before a dear policy; functions are not",
                )
        })
    }

    fn running(&self, look: &Look<'_>, node: &Node) -> Option<Finding> {
        let scan = look.plan.parent(node)?;
        let (runs, verb) = match node.actual {
            Some(actual) => (actual.loops, "runs"),
            None => (look.rows_read(scan), "would run (estimated)"),
        };
        if runs < RUNS {
            return None;
        }
        let name = node.subplan_name.as_deref().unwrap_or("its subquery");
        let what = format!("a policy {verb} {name} {} times", count(runs));
        let mut finding = Finding::at(self, look, node, what).share_of(look.share_below(node));
        if let Some(filter) = scan.conditions.filter.as_deref() {
            finding = finding.evidence(format!("filter: {filter}"));
        }
        Some(
            finding
                .advise_sql(
                    "write the policy's subquery so that it names no column of the row: it runs once, and \
                     its answer is looked up",
                    "using (tenant_id in (select tenant_id from members where member = current_user))",
                )
                .advise("until then, an index on the columns that it compares finds its rows at once"),
        )
    }
}

/// Whether a call is dear for each row: one that no row is needed for, or a policy's.
fn is_dear(look: &Look<'_>, table: Option<&TableFacts>, call: &Call<'_>) -> bool {
    let is_known = ASKED.contains(&call.name) || look.facts.function(call.name).is_some();
    let policies = table.map(|table| table.policies.as_slice()).unwrap_or_default();
    is_known && (call.knows_no_row() || policies.iter().any(|policy| names(policy, call.name)))
}

/// Advises to wrap a call, as the condition has it, and an index on what it is compared with.
fn wrapped(finding: Finding, node: &Node, table: Option<&TableFacts>, call: &Call<'_>) -> Finding {
    let advice = "wrap the call into a subquery, in the policy or the statement";
    let filter = node.conditions.filter.as_deref().unwrap_or_default();
    let condition = conjuncts(filter).into_iter().find(|it| it.contains(call.text));
    let compared = condition.and_then(clause).and_then(|clause| match clause.subject()? {
        (Side::Column(column), operator) => {
            let value = if clause.subject_is_left() { clause.right } else { clause.left };
            Some((column, operator.to_owned(), value))
        }
        _ => None,
    });
    let Some((column, operator, value)) = compared else {
        return finding.advise_sql(advice, format!("(select {})", call.text));
    };
    let sql = match value.split_once(' ') {
        // The rows of the array are looked up once, and may be looked for in an index.
        Some(("ANY", list)) => {
            format!("using ({} {operator} any (array(select unnest({list}))))", quoted(&column))
        }
        Some(("ALL", _)) => {
            return finding.advise_sql(advice, format!("(select {})", call.text));
        }
        _ => format!("using ({} {operator} (select {value}))", quoted(&column)),
    };
    let finding = finding.advise_sql(advice, sql);
    let is_missing = table.is_some_and(|table| table.index_on(&column).is_none());
    match create_index(node, table, std::slice::from_ref(&column)) {
        Some(sql) if is_missing && operator == "=" => {
            finding.advise_sql(format!("then let an index find the rows of one: {PROVE}"), sql)
        }
        _ => finding,
    }
}

/// Whether a policy names something, and not only a name that holds it.
fn names(policy: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    policy.match_indices(name).any(|(at, _)| {
        let (before, behind) = (&policy[..at], &policy[at + name.len()..]);
        !before.ends_with(is_part) && !behind.starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_within_another_is_not_named() {
        let policy = "(tenant_id IN (SELECT m.tenant_id FROM members m))";
        assert!(names(policy, "members") && names(policy, "tenant_id"));
        assert!(!names(policy, "tenant") && !names(policy, "member"));
    }
}
