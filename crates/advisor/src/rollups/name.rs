//! What a rollup is called.

use super::RollupAdvice;
use super::parts::Parts;
use crate::indexes::mark;
use crate::plans::quoted;

/// Names one by its first table and what it groups by.
pub(super) fn of(tables: &[String], groups: &[(String, String)]) -> String {
    let table = tables.first().map_or("answers", |table| table.rsplit('.').next().unwrap_or(table));
    let groups: Vec<&str> = groups.iter().map(|(_, name)| name.trim_matches('"')).take(3).collect();
    let mut name = format!("{}_by_{}", table.trim_matches('"'), groups.join("_"));
    name.truncate(name.floor_char_boundary(55));
    quoted(&name.to_lowercase())
}

/// Names one beside others: its name is none of theirs, unless that one is the same.
pub(super) fn beside(parts: &Parts, others: &[RollupAdvice]) -> String {
    let creation = parts.creation();
    let is_of_another = |other: &RollupAdvice| {
        other.name == parts.name && other.statements.first() != Some(&creation)
    };
    if others.iter().any(is_of_another) {
        quoted(&(parts.name.trim_matches('"').to_owned() + &mark(&creation)))
    } else {
        parts.name.clone()
    }
}
