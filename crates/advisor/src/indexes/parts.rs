//! Which rows an index could have, where a statement does not ask for all.

use std::collections::{BTreeMap, BTreeSet};

use super::reference::without_alias;
use crate::plans::condition::{Clause, calls, stripped};

/// A condition that an index could have in place of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartOf {
    /// The column that is compared with a value; none where columns are compared with each other, or rows
    /// left out.
    pub(crate) column: Option<String>,
    pub(crate) predicate: String,
    /// Columns that the statement needs for nothing else: an index of these rows need not hold them.
    pub(crate) spared: BTreeSet<String>,
}

/// Conditions of which an index could have what they leave together, by the place of their access.
#[derive(Default)]
pub(crate) struct Together {
    /// Those that compare columns of the row with each other: they have no values that change from call to
    /// call.
    within: BTreeMap<usize, BTreeSet<String>>,
    /// Those that leave rows out: mostly the same each time, where what is looked for changes, and no key
    /// helps to find what they leave.
    exclusions: BTreeMap<usize, BTreeSet<String>>,
    /// By access and column, what needs it.
    needs: BTreeMap<(usize, String), BTreeSet<String>>,
}

impl Together {
    /// Takes a condition that compares columns of a row with each other.
    pub(crate) fn compared(&mut self, access: usize, condition: &str) {
        self.within.entry(access).or_default().insert(bracketed(condition));
    }

    /// Takes a condition that leaves rows out.
    pub(crate) fn left_out(&mut self, access: usize, condition: &str) {
        self.exclusions.entry(access).or_default().insert(bracketed(condition));
    }

    /// Takes something that needs a column: a condition, or anything else.
    pub(crate) fn needed(&mut self, access: usize, column: &str, by: &str) {
        self.needs.entry((access, column.to_owned())).or_default().insert(bracketed(by));
    }

    /// Returns the rows that are left, each with its access.
    pub(crate) fn parts(&self) -> Vec<(usize, PartOf)> {
        let kinds = self.within.iter().chain(&self.exclusions);
        let part = |(place, conditions): (&usize, &BTreeSet<String>)| {
            let all: Vec<&str> = conditions.iter().map(String::as_str).collect();
            let predicate = match all.as_slice() {
                [one] => (*one).to_owned(),
                _ => format!("({})", all.join(" AND ")),
            };
            let spared = self.needed_by(*place, conditions);
            (*place, PartOf { column: None, predicate, spared })
        };
        kinds.map(part).collect()
    }

    /// Returns the columns that conditions need and nothing else does.
    fn needed_by(&self, access: usize, conditions: &BTreeSet<String>) -> BTreeSet<String> {
        let of_access = self.needs.iter().filter(|((place, _), _)| *place == access);
        let alone = of_access.filter(|(_, needs)| needs.is_subset(conditions));
        alone.map(|((_, column), _)| column.clone()).collect()
    }
}

/// Writes a condition as an index has it, without what the statement calls the table.
fn bracketed(condition: &str) -> String {
    format!("({})", without_alias(stripped(condition)))
}

/// Whether rows of certain values are left out rather than looked for, and the values are written out: a call
/// may say something else the next time.
pub(crate) fn leaves_out(clause: &Clause<'_>) -> bool {
    let is_exclusion = matches!(clause.operator, "<>" | "!~~" | "!~~*" | "!~" | "!~*");
    let changes = ["$", "Plan", "CURRENT_"].iter().any(|it| clause.right.contains(it));
    is_exclusion && !changes && calls(clause.right).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::condition::clause;

    #[test]
    fn what_is_left_out_is_told_from_what_is_looked_for() {
        let is_left_out = |text: &str| clause(text).is_some_and(|it| leaves_out(&it));
        assert!(is_left_out("((l.note)::text !~~ '%test%'::text)"));
        assert!(is_left_out("(l.state <> ALL ('{void,draft}'::text[]))"));
        assert!(!is_left_out("((l.note)::text ~~ '%test%'::text)"));
        assert!(!is_left_out("(l.state = 'void'::text)"));
        assert!(!is_left_out("(l.state <> $1)"));
        assert!(!is_left_out("(l.day <> to_date('2026'::text, 'YYYY'::text))"));
    }

    #[test]
    fn a_column_is_spared_that_only_the_condition_needs() {
        let mut together = Together::default();
        let conditions = ["((l.note)::text !~~ '%test%'::text)", "(l.state <> 'void'::text)"];
        for (condition, column) in conditions.iter().zip(["note", "state"]) {
            together.left_out(0, condition);
            together.needed(0, column, condition);
        }
        together.needed(0, "state", "l.state");
        together.needed(1, "note", "m.note");
        let parts = together.parts();
        let [(0, part)] = parts.as_slice() else { panic!("one part of one access: {parts:?}") };
        assert_eq!(part.spared, ["note".to_owned()].into());
        assert_eq!(
            part.predicate,
            "(((note)::text !~~ '%test%'::text) AND (state <> 'void'::text))"
        );
    }
}
