//! What parameters are compared with, as a plan for all values alike says it.

use crate::indexes::Catalog;
use crate::plans::condition::{
    Hider, Side, clause, conjuncts, disjuncts, is_range, mirrored, side, stripped,
};
use crate::plans::{Node, Plan};

/// How a parameter is compared with a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// It is one of the column's values.
    Equal,
    /// It is a list of such.
    Any,
    /// What is asked for is no less.
    AtLeast,
    /// What is asked for is no more.
    AtMost,
}

/// A parameter beside a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) parameter: usize,
    pub(super) table: String,
    pub(super) column: String,
    pub(super) how: How,
}

/// Reads what the parameters behind a number are compared with; smaller numbers are the plan's own.
pub(super) fn read(plan: &Plan, catalog: &Catalog, behind: usize) -> Vec<Use> {
    let mut found: Vec<Use> = Vec::new();
    for node in &plan.nodes {
        let Some(table) = catalog.place(node).and_then(|place| catalog.table(place)) else {
            continue;
        };
        for text in conditions(node).flat_map(leaves) {
            let Some((parameter, column, how)) = compared(text, behind) else { continue };
            let one = Use { parameter, table: table.name.clone(), column, how };
            if table.column(&one.column).is_some() && !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found
}

fn conditions(node: &Node) -> impl Iterator<Item = &str> {
    let said = &node.conditions;
    let all = [&said.index, &said.filter, &said.recheck, &said.vectorized_filter];
    all.into_iter().flatten().map(String::as_str)
}

/// Splits a condition into comparisons, whether they hold together or one by one.
fn leaves(text: &str) -> Vec<&str> {
    let (mut open, mut found) = (vec![text], Vec::new());
    while let Some(text) = open.pop() {
        let all = conjuncts(text);
        let parts = if all.len() > 1 { all } else { disjuncts(text) };
        match parts.as_slice() {
            [one] => found.push(*one),
            parts => open.extend(parts.iter().rev()),
        }
    }
    found
}

fn compared(text: &str, behind: usize) -> Option<(usize, String, How)> {
    let found = clause(text)?;
    let (subject, operator, (parameter, is_list)) = match parameter(found.right, behind) {
        Some(parameter) => (found.left, found.operator, parameter),
        None => (found.right, mirrored(found.operator), parameter(found.left, behind)?),
    };
    let column = match side(subject) {
        Side::Column(column) | Side::Hidden { column, by: Hider::Cast(_) } => column,
        // It keeps the order of what it is given.
        Side::Hidden { column, by: Hider::Function(name) }
            if is_range(operator) && matches!(name.as_str(), "date_trunc" | "date") =>
        {
            column
        }
        _ => return None,
    };
    let how = match operator {
        "=" | "<>" if is_list => How::Any,
        "=" | "<>" => How::Equal,
        ">" | ">=" => How::AtLeast,
        "<" | "<=" => How::AtMost,
        _ => return None,
    };
    Some((parameter, column, how))
}

/// Reads a parameter that stands alone, whatever type it is made; answers whether it is a list.
fn parameter(text: &str, behind: usize) -> Option<(usize, bool)> {
    let text = stripped(text);
    let list = text.strip_prefix("ANY ").or_else(|| text.strip_prefix("ALL "));
    let inner = list.map_or(text, stripped).trim_start_matches('(').strip_prefix('$')?;
    let end = inner.find(|it: char| !it.is_ascii_digit()).unwrap_or(inner.len());
    let (digits, rest) = inner.split_at_checked(end)?;
    let rest = rest.trim_start_matches(')');
    let is_type = |it: char| it.is_alphanumeric() || " _()[],.\":".contains(it);
    let is_alone = rest.is_empty() || (rest.starts_with("::") && rest.chars().all(is_type));
    let number = digits.parse::<usize>().ok()?.checked_sub(behind)?;
    (is_alone && number > 0).then_some((number, list.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_on_either_side_and_beside_casts() {
        let read = |text| compared(text, 500);
        let found = |number, column: &str, how| Some((number, column.to_owned(), how));
        assert_eq!(read("(l.store_id = $502)"), found(2, "store_id", How::Equal));
        assert_eq!(read("($501 <= l.sold_at)"), found(1, "sold_at", How::AtLeast));
        assert_eq!(read("(store_id = ANY ($501))"), found(1, "store_id", How::Any));
        assert_eq!(read("((sold_at)::date < ($503)::date)"), found(3, "sold_at", How::AtMost));
        assert_eq!(
            read("(date_trunc('day'::text, sold_at) >= $501)"),
            found(1, "sold_at", How::AtLeast)
        );
        for text in [
            "(store_id = $1)",
            "(lower(name) = $501)",
            "(sold_at >= ($501 - '7 days'::interval))",
            "(l.store_id = s.store_id)",
            "(name ~~ $501)",
            "(date_trunc($501, sold_at) >= now())",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn comparisons_are_found_within_alternatives() {
        assert_eq!(
            leaves("((a = 1) AND ((b = 2) OR ((c = 3) AND (d = 4))))"),
            ["a = 1", "b = 2", "c = 3", "d = 4"]
        );
        assert_eq!(leaves("(a = 1)"), ["a = 1"]);
    }
}
