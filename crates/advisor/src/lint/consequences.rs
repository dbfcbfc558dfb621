//! What running a text does, statement by statement: which tables it locks and how, and what it costs.
//!
//! Judged by the text alone, for plans that people approve. A rehearsal measures the same.

use schemars::JsonSchema;
use serde::Serialize;

use super::locks::{Strength, taken_by};
use super::profile::Profile;
use super::script::Script;
use super::script::action::{Action, Change, ObjectKind};
use super::state::SchemaState;
use crate::drift::Weight;

/// A statement, and what running it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Consequence {
    /// The statement.
    pub sql: String,
    /// Each table that was there before and is locked, and what others cannot do meanwhile.
    pub locks: Vec<TableLock>,
    /// What it costs.
    pub weight: Weight,
}

/// A lock on a table that others use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct TableLock {
    /// The table, with its schema.
    pub table: String,
    /// Whether not even readers can go on.
    pub keeps_readers_out: bool,
}

/// Says what running a text does. What cannot be parsed is one statement that may do anything.
pub fn consequences(sql: &str) -> Vec<Consequence> {
    let script = Script::parse("statement.sql", sql);
    if !script.problems.is_empty() {
        let whole = sql.trim().to_owned();
        return vec![Consequence { sql: whole, locks: Vec::new(), weight: Weight::Destroys }];
    }
    let (mut state, profile) = (SchemaState::default(), Profile::default());
    let mut found = Vec::new();
    // What stands in a `do` block counts to the block.
    for statement in &script.statements {
        let locks = taken_by(&statement.action, &state);
        let weight = weight_of(&statement.action, &state);
        state.apply(statement, &profile);
        let mut locks: Vec<TableLock> = locks
            .into_iter()
            .map(|(table, strength)| TableLock {
                table: table.qualified(),
                keeps_readers_out: strength == Strength::Everything,
            })
            .collect();
        if statement.is_nested
            && let Some(block) = found.last_mut()
        {
            let block: &mut Consequence = block;
            block.locks.append(&mut locks);
            block.weight = block.weight.max(weight);
        } else {
            let sql = script.slice(statement.span).trim().to_owned();
            found.push(Consequence { sql, locks, weight });
        }
    }
    for one in &mut found {
        one.locks.sort();
        // The stronger of two locks on a table stands last.
        one.locks.reverse();
        one.locks.dedup_by(|next, kept| next.table == kept.table);
        one.locks.reverse();
    }
    found
}

/// Says what a statement costs; on a table that the text itself made, nothing does.
fn weight_of(action: &Action, state: &SchemaState) -> Weight {
    match action {
        Action::Drop(drop) => match drop.kind {
            ObjectKind::Table | ObjectKind::Schema | ObjectKind::Database | ObjectKind::Owned => {
                let is_new = !drop.names.is_empty() && drop.names.iter().all(|it| state.is_new(it));
                if is_new { Weight::Light } else { Weight::Destroys }
            }
            _ => Weight::Light,
        },
        Action::Truncate { tables, .. } => {
            if tables.iter().all(|table| state.is_new(table)) {
                Weight::Light
            } else {
                Weight::Destroys
            }
        }
        Action::ChangeRows(change) if state.is_new(&change.table) => Weight::Light,
        Action::ChangeRows(change) => match change.verb {
            "delete" | "merge" => Weight::Destroys,
            _ => Weight::Heavy,
        },
        Action::AlterTable(alter) if state.is_new(&alter.table) => Weight::Light,
        Action::AlterTable(alter) => alter
            .changes
            .iter()
            .map(|(_, change)| weight_of_change(change))
            .max()
            .unwrap_or(Weight::Light),
        Action::CreateIndex(index) if state.is_new(&index.table) => Weight::Light,
        Action::CreateIndex(_)
        | Action::CreateTableAs { .. }
        | Action::Refresh { .. }
        | Action::Reindex { .. }
        | Action::Vacuum { .. }
        | Action::Cluster { .. } => Weight::Heavy,
        Action::Select { calls } => {
            let loses = |name: &str| {
                ["drop_chunks", "drop_chunk", "drop_timeseries", "pg_terminate_backend"]
                    .iter()
                    .any(|known| name.ends_with(known))
            };
            if calls.iter().any(|call| loses(&call.name)) {
                Weight::Destroys
            } else {
                Weight::Heavy
            }
        }
        _ => Weight::Light,
    }
}

fn weight_of_change(change: &Change) -> Weight {
    match change {
        Change::DropColumn { .. } => Weight::Destroys,
        Change::SetType { .. }
        | Change::SetNotNull(_)
        | Change::AddIdentity(_)
        | Change::ValidateConstraint(_)
        | Change::AttachPartition { .. }
        | Change::MoveStorage(_) => Weight::Heavy,
        Change::AddConstraint(one) if !one.is_not_valid && one.using_index.is_none() => {
            Weight::Heavy
        }
        Change::AddColumn(column, _) if column.is_stored_generated || column.is_identity => {
            Weight::Heavy
        }
        _ => Weight::Light,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(sql: &str) -> Vec<Weight> {
        consequences(sql).iter().map(|it| it.weight).collect()
    }

    #[test]
    fn what_is_lost_is_told_from_what_takes_time() {
        assert_eq!(
            weights(
                "create table a (id bigint); create index on a (id); drop table b;
                 alter table c add column d text; alter table c drop column d;
                 create index on c (d); delete from c where d = 'x'; truncate c"
            ),
            [
                Weight::Light,
                Weight::Light,
                Weight::Destroys,
                Weight::Light,
                Weight::Destroys,
                Weight::Heavy,
                Weight::Destroys,
                Weight::Destroys
            ]
        );
    }

    #[test]
    fn locks_are_named_with_the_table_and_who_waits() {
        let found =
            consequences("alter table stores add column d text; create index on stores (d);");
        let lock =
            |keeps_readers_out| TableLock { table: "public.stores".to_owned(), keeps_readers_out };
        assert_eq!(found[0].locks, [lock(true)]);
        assert_eq!(found[1].locks, [lock(false)]);
    }

    #[test]
    fn what_is_not_understood_may_do_anything() {
        assert_eq!(weights("drop drop drop ("), [Weight::Destroys]);
    }
}
