//! Which index would serve a condition: columns that are compared for equality first, then one range.

use crate::plans::condition::{Clause, Side, clause, conjuncts, disjuncts, is_range};
use crate::plans::plan::quoted;
use crate::plans::{Node, TableFacts};

/// How many columns a suggested index has at most: more narrow nothing down.
const MOST_KEYS: usize = 3;

/// What an index on some columns would serve.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Served {
    /// Columns that are compared for equality.
    pub(super) equal: Vec<String>,
    /// Columns that are compared with a bound.
    pub(super) range: Vec<String>,
}

impl Served {
    /// Reads a condition.
    pub(super) fn of(condition: &str) -> Self {
        let mut served = Self::default();
        for condition in conjuncts(condition) {
            let sides: Vec<_> = disjuncts(condition).into_iter().map(clause).collect();
            let Some(Some(clause)) = sides.first() else { continue };
            let Some((Side::Column(column), operator)) = clause.subject() else { continue };
            // An OR is served where it lists values of one column.
            let is_value = |side: &Option<Clause<'_>>| {
                side.is_some_and(|side| {
                    side.is_equality()
                        && side.subject().is_some_and(|it| it.0 == Side::Column(column.clone()))
                })
            };
            if sides.len() > 1 && !sides.iter().all(is_value) {
                continue;
            }
            let list = if clause.is_equality() {
                &mut served.equal
            } else if is_range(operator) {
                &mut served.range
            } else {
                continue;
            };
            if !list.contains(&column) {
                list.push(column);
            }
        }
        served
    }

    /// Adds what another condition compares, once each.
    pub(super) fn add(&mut self, more: Self) {
        for (list, more) in [(&mut self.equal, more.equal), (&mut self.range, more.range)] {
            for column in more {
                if !list.contains(&column) {
                    list.push(column);
                }
            }
        }
    }

    /// Returns the keys in the order that serves most, the more selective first where that is known.
    pub(super) fn keys(&self, table: Option<&TableFacts>) -> Vec<String> {
        let mut equal = self.equal.clone();
        let distinct = |column: &String| {
            table.and_then(|table| table.distinct_values(column)).unwrap_or_default()
        };
        equal.sort_by(|one, other| distinct(other).total_cmp(&distinct(one)));
        equal.truncate(MOST_KEYS);
        let bounded = self.range.iter().find(|column| !equal.contains(column)).cloned();
        equal.into_iter().chain(bounded).take(MOST_KEYS).collect()
    }
}

/// Writes the statement that makes an index. A partition's index belongs to the whole table, so that
/// partitions to come have it too.
pub(super) fn create_index(
    node: &Node,
    table: Option<&TableFacts>,
    keys: &[String],
) -> Option<String> {
    if keys.is_empty() {
        return None;
    }
    let keys: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
    let keys = keys.join(", ");
    match table.and_then(|table| table.part_of.as_deref()) {
        // Neither partitioned tables nor hypertables take `concurrently`.
        Some(whole) => Some(format!("create index on {whole} ({keys});")),
        None => Some(format!("create index concurrently on {} ({keys});", node.table()?)),
    }
}

/// Returns the index that has these keys in front, in any order.
pub(super) fn existing<'t>(table: &'t TableFacts, keys: &[String]) -> Option<&'t str> {
    let found = table.indexes.iter().find(|index| {
        let front = index.keys.get(..keys.len()).unwrap_or_default();
        index.is_valid
            && index.predicate.is_none()
            && !keys.is_empty()
            && front.len() == keys.len()
            && front.iter().all(|key| keys.iter().any(|it| quoted(it) == *key))
    });
    found.map(|index| index.name.as_str())
}

/// What must be said with any index that is suggested.
pub(super) const PROVE: &str = "a candidate that is not proved: it takes room and slows every write, so \
                                compare the plans before and after";
