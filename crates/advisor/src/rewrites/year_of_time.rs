//! The year of a time that is compared with a number: a range of the time means the same.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::day_of_time::{bounded, conditions, outcome};
use super::tree::{bare, call, column, operator, sides, span, text};
use super::{Outcome, Rule};
use crate::indexes::Catalog;

/// See the summary.
pub(super) struct YearOfTime;

impl Rule for YearOfTime {
    fn name(&self) -> &'static str {
        "year-of-time"
    }

    fn why(&self) -> &'static str {
        "The year is taken out of each row before it can be refused; a range of the column itself is found by \
         an index, estimated by its statistics, and leaves partitions out."
    }

    fn rewrite(&self, sql: &str, root: &SyntaxNode, catalog: &Catalog) -> Option<Outcome> {
        let found =
            conditions(root).into_iter().filter_map(|term| Some((span(&term), ranged(&term)?)));
        outcome((sql, root), found.collect(), catalog, "year")
    }
}

fn ranged(term: &SyntaxNode) -> Option<(String, String)> {
    if term.kind() != SyntaxKind::BIN_EXPR {
        return None;
    }
    let (left, right) = sides(term)?;
    let year: u16 = text(&right).parse().ok().filter(|year| (1..9_999).contains(year))?;
    let column = year_of(&bare(left))?;
    let (start, next) =
        (format!("date '{year:04}-01-01'"), format!("date '{:04}-01-01'", year + 1));
    let condition = bounded(&column, &operator(term), &start, &next)?;
    Some((column, condition))
}

/// Returns the column whose year an expression is.
fn year_of(node: &SyntaxNode) -> Option<String> {
    if let Some((name, arguments)) = call(node) {
        let [unit, of] = arguments.as_slice() else { return None };
        let is_year = name == "date_part" && text(unit).eq_ignore_ascii_case("'year'");
        return (is_year && column(of).is_some()).then(|| text(of));
    }
    let extract = node.descendants().find(|inner| inner.kind() == SyntaxKind::EXTRACT_FN)?;
    if span(&extract) != span(node) {
        return None;
    }
    let mut parts = extract.children();
    let unit = parts.next()?;
    let of = parts.last()?;
    (text(&unit).eq_ignore_ascii_case("year") && column(&of).is_some()).then(|| text(&of))
}
