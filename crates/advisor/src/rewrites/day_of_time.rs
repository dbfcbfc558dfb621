//! A time that is cut down to its day, or another unit, and compared: a range of the time itself means the
//! same, and lets indexes, statistics and partitions help.

use std::ops::Range;

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{call, child, edited, is_value, operator, plain, sides, span, terms, text};
use super::{Found, Outcome, Rule, reads_unknown};
use crate::indexes::Catalog;

/// What times are cut down to here; months and years begin with a day.
const UNIT: &str = "day";

/// See the summary.
pub(super) struct DayOfTime;

impl Rule for DayOfTime {
    fn name(&self) -> &'static str {
        "day-of-time"
    }

    fn why(&self) -> &'static str {
        "A cast or function around the column is calculated for each row; a range of the column itself is \
         found by an index, estimated by its statistics, and leaves partitions out."
    }

    fn rewrite(&self, sql: &str, root: &SyntaxNode, catalog: &Catalog) -> Option<Outcome> {
        let found =
            conditions(root).into_iter().filter_map(|term| Some((span(&term), ranged(&term)?)));
        outcome((sql, root), found.collect(), catalog, UNIT)
    }
}

/// A day that is a time with a zone is the second of two midnights: the hour after the first would go to the
/// day before.
const MIDNIGHT: &str = "the same in every time zone where no day has two midnights; America/Havana and \
                        Atlantic/Azores have such a day in autumn, when clocks go back to it";

/// A condition's place, the column that it compares, and the condition on the column itself.
pub(super) type Ranged = (Range<usize>, (String, String));

/// Writes conditions anew whose columns are times, as far as the catalog knows; a text, an interval or a
/// time of day is no range of days.
pub(super) fn outcome(
    (sql, root): (&str, &SyntaxNode),
    found: Vec<Ranged>,
    catalog: &Catalog,
    unit: &str,
) -> Option<Outcome> {
    let (mut edits, mut unknown, mut other) = (Vec::new(), Vec::new(), None);
    let (knows_all, mut has_zone) = (!reads_unknown(root, catalog), false);
    for (place, (column, condition)) in found {
        match type_of(&column, catalog) {
            Some(name) if !is_time(name) => {
                other = Some(format!("{column} is {name}, which is not ordered as its {unit} is"));
                continue;
            }
            Some(name) if knows_all => has_zone |= name.ends_with("with time zone"),
            _ => unknown.push(column),
        }
        edits.push((place, condition));
    }
    if edits.is_empty() {
        return other.map(Err);
    }
    unknown.dedup();
    let type_is_not_known = (!unknown.is_empty()).then(|| {
        format!("{} must be a date or a timestamp: its type is not known", unknown.join(", "))
    });
    // No zone that is kept today changes its clocks at a new year's midnight.
    let may_come_twice = unit == UNIT && (has_zone || !unknown.is_empty());
    let conditions = [type_is_not_known, may_come_twice.then(|| MIDNIGHT.to_owned())];
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    Some(Ok(Found {
        what: format!("a time's {unit} is compared; a range of the time means the same"),
        sql: edited(sql, edits),
        is_same: true,
        condition: (!conditions.is_empty()).then(|| conditions.join("; ")),
    }))
}

/// Returns the type of a column; of several of the name, the one that speaks against a time.
fn type_of<'c>(written: &str, catalog: &'c Catalog) -> Option<&'c str> {
    let name = plain(written.rsplit('.').next().unwrap_or(written));
    let types =
        catalog.tables.iter().filter_map(|table| Some(table.column(&name)?.type_name.as_str()));
    types.min_by_key(|it| is_time(it))
}

/// Whether a type is ordered as its days are.
pub(crate) fn is_time(type_name: &str) -> bool {
    type_name == "date" || type_name.starts_with("timestamp")
}

/// Returns what must hold in each `where` of a statement.
pub(super) fn conditions(root: &SyntaxNode) -> Vec<SyntaxNode> {
    root.descendants()
        .filter(|node| matches!(node.kind(), SyntaxKind::WHERE_CLAUSE | SyntaxKind::ON_CLAUSE))
        .filter_map(|clause| clause.children().next())
        .flat_map(|condition| terms(&condition))
        .collect()
}

fn ranged(term: &SyntaxNode) -> Option<(String, String)> {
    if term.kind() == SyntaxKind::BETWEEN_EXPR {
        let parts: Vec<SyntaxNode> = term.children().collect();
        let [cut, from, to] = parts.as_slice() else { return None };
        let is_not = super::tree::has(term, SyntaxKind::NOT_KW);
        let column = day_of(cut).filter(|_| !is_not)?;
        let (from, to) = (date(from)?, date(to)?);
        let condition = format!("({column} >= {from} and {column} < {to} + 1)");
        return Some((column, condition));
    }
    if term.kind() != SyntaxKind::BIN_EXPR {
        return None;
    }
    let (left, right) = sides(term)?;
    let operator = operator(term);
    if let Some(column) = day_of(&left) {
        let day = date(&right)?;
        let condition = bounded(&column, &operator, &day, &format!("{day} + 1"))?;
        return Some((column, condition));
    }
    let (column, unit) = truncated(&left)?;
    let start = aligned(&right, &unit)?;
    let next = format!("{start} + interval '1 {unit}'");
    let condition = bounded(&column, &operator, &start, &next)?;
    Some((column, condition))
}

/// Says a comparison of a stretch of time, that begins at one value and ends before another, of the time.
pub(super) fn bounded(column: &str, operator: &str, start: &str, next: &str) -> Option<String> {
    Some(match operator {
        "=" => format!("({column} >= {start} and {column} < {next})"),
        ">=" => format!("{column} >= {start}"),
        ">" => format!("{column} >= {next}"),
        "<" => format!("{column} < {start}"),
        "<=" => format!("{column} < {next}"),
        _ => return None,
    })
}

/// Returns the column whose day an expression is.
fn day_of(node: &SyntaxNode) -> Option<String> {
    let node = super::tree::bare(node.clone());
    if let Some((name, arguments)) = call(&node) {
        let [only] = arguments.as_slice() else { return None };
        return (name == "date" && super::tree::column(only).is_some()).then(|| text(only));
    }
    let inner = cast_to_date(&node)?;
    super::tree::column(&inner).map(|_| text(&inner))
}

/// Returns what is cast to a date.
fn cast_to_date(node: &SyntaxNode) -> Option<SyntaxNode> {
    if node.kind() != SyntaxKind::CAST_EXPR {
        return None;
    }
    let inner = node.children().next()?;
    let to = node.children().last()?;
    (text(&to).eq_ignore_ascii_case("date") && inner.text_range().start() < to.text_range().start())
        .then_some(inner)
}

/// Writes a value that is a date, or becomes one in a comparison with a date.
fn date(node: &SyntaxNode) -> Option<String> {
    let node = super::tree::bare(node.clone());
    let said = text(&node);
    let lower = said.to_lowercase();
    if !is_value(&node) {
        return None;
    }
    match node.kind() {
        SyntaxKind::LITERAL if said.starts_with('\'') => Some(format!("{said}::date")),
        SyntaxKind::LITERAL if said.starts_with('$') => Some(format!("({said})::date")),
        SyntaxKind::CAST_EXPR if lower.starts_with("date ") || lower.ends_with("::date") => {
            Some(said)
        }
        SyntaxKind::NAME_REF if lower == "current_date" => Some(said),
        // A date and a number of days is a date.
        SyntaxKind::BIN_EXPR if matches!(operator(&node).as_str(), "+" | "-") => {
            let (left, right) = sides(&node)?;
            let is_days = right.kind() == SyntaxKind::LITERAL
                && text(&right).bytes().all(|it| it.is_ascii_digit());
            let is_date = date(&left).is_some() && left.kind() != SyntaxKind::LITERAL;
            (is_days && is_date).then(|| format!("({said})"))
        }
        _ => None,
    }
}

/// Returns the column that is cut down, and to which unit.
fn truncated(node: &SyntaxNode) -> Option<(String, String)> {
    let (name, arguments) = call(&super::tree::bare(node.clone()))?;
    let [unit, column] = arguments.as_slice() else { return None };
    let unit = text(unit).trim_matches('\'').to_lowercase();
    let is_cut = name == "date_trunc" && matches!(unit.as_str(), "day" | "month" | "year");
    (is_cut && super::tree::column(column).is_some()).then(|| (text(column), unit))
}

/// Writes a literal that begins a unit.
fn aligned(node: &SyntaxNode, unit: &str) -> Option<String> {
    let literal = match node.kind() {
        SyntaxKind::LITERAL => text(node),
        SyntaxKind::CAST_EXPR => text(&child(node, SyntaxKind::LITERAL)?),
        _ => return None,
    };
    let day = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let is_date = day.len() == 10
        && day
            .char_indices()
            .all(|(at, it)| if matches!(at, 4 | 7) { it == '-' } else { it.is_ascii_digit() });
    let begins = match unit {
        "month" => day.ends_with("-01"),
        "year" => day.ends_with("-01-01"),
        _ => true,
    };
    (is_date && begins).then(|| format!("date '{day}'"))
}
