//! What running a text does, statement by statement: which tables it locks and how, and what it costs.
//!
//! Judged by the text and by what is known of the schema, for plans that people approve. A rehearsal measures
//! the same.

use schemars::JsonSchema;
use serde::Serialize;

use super::data_type::{DataType, TypeChange};
use super::locks::{Strength, taken_by};
use super::profile::Profile;
use super::script::action::{Action, Change, ObjectKind};
use super::script::{Name, Script, Token, tokens};
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
    /// What was not known and is taken for the worst, such as the old type of a column.
    pub not_known: Vec<String>,
}

/// A lock on a table that others use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct TableLock {
    /// The table, with its schema.
    pub table: String,
    /// Whether not even readers can go on.
    pub keeps_readers_out: bool,
}

/// Says what running a text does, where nothing is known of the schema.
pub fn consequences(sql: &str) -> Vec<Consequence> {
    consequences_for(sql, &mut SchemaState::default())
}

/// Says what running a text does to a schema, and leaves the schema as it is behind it. What cannot be parsed
/// is one statement that may do anything.
pub fn consequences_for(sql: &str, state: &mut SchemaState) -> Vec<Consequence> {
    let script = Script::parse("statement.sql", sql);
    if !script.problems.is_empty() {
        let (sql, locks, not_known) = (sql.trim().to_owned(), Vec::new(), Vec::new());
        return vec![Consequence { sql, locks, weight: Weight::Destroys, not_known }];
    }
    let profile = Profile::default();
    let mut found = Vec::new();
    // What stands in a `do` block counts to the block.
    for statement in &script.statements {
        let locks = taken_by(&statement.action, state);
        let weight = weight_of(&statement.action, state).max(weight_of_text(
            script.slice(statement.span),
            &statement.action,
            state,
        ));
        let mut not_known = unknown_types(&statement.action, state);
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
            block.not_known.append(&mut not_known);
        } else {
            let sql = script.slice(statement.span).trim().to_owned();
            found.push(Consequence { sql, locks, weight, not_known });
        }
    }
    // What it made has rows when the next text runs.
    state.settle();
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
        Action::Drop(drop) => {
            let is_new = !drop.names.is_empty() && drop.names.iter().all(|it| state.is_new(it));
            let is_remade = matches!(
                drop.kind,
                ObjectKind::View | ObjectKind::Index | ObjectKind::Trigger | ObjectKind::Routine
            );
            // What depends on it may be a column or a table.
            match (is_new, is_remade && !drop.is_cascading) {
                (true, _) | (_, true) => Weight::Light,
                _ => Weight::Destroys,
            }
        }
        Action::Do { dynamic } if !dynamic.is_empty() => Weight::Destroys,
        // What was let out does not come back.
        Action::Grant(grant) if grant.to.iter().any(|role| role == "public") => Weight::Destroys,
        Action::Publish(_)
        | Action::AlterSystem
        | Action::CopyOnServer { .. }
        | Action::Reassign(_)
        | Action::SetForSessions { .. } => Weight::Destroys,
        Action::Role(role) if !role.members.is_empty() => Weight::Destroys,
        // What is written from there on is nowhere.
        Action::CreateRule(rule) if rule.is_instead && rule.event != "select" => Weight::Destroys,
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
            .map(|(_, change)| weight_of_change(&alter.table, change, state))
            .max()
            .unwrap_or(Weight::Light),
        Action::CreateIndex(index) if state.is_new(&index.table) => Weight::Light,
        Action::CreateIndex(_)
        | Action::CreateTableAs { .. }
        | Action::Refresh { .. }
        | Action::Reindex { .. }
        | Action::MoveFiles { .. }
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

/// Statements of which no rule asks anything, and that lose nothing: by their first words.
const HARMLESS: &[&str] = &[
    "alter default privileges",
    "alter domain",
    "alter extension",
    "alter function",
    "alter index",
    "alter materialized view",
    "alter policy",
    "alter procedure",
    "alter routine",
    "alter schema",
    "alter sequence",
    "alter statistics",
    "alter table",
    "alter trigger",
    "alter type",
    "alter view",
    "analyze",
    "call",
    "checkpoint",
    "comment",
    "create",
    "discard",
    "explain",
    "grant",
    "insert",
    "listen",
    "notify",
    "perform",
    "prepare",
    "release",
    "reset",
    "revoke",
    "savepoint",
    "security label",
    "select",
    "set",
    "show",
    "start transaction",
    "table",
    "unlisten",
    "values",
    "with",
];

/// Says what a statement loses by its words, where no rule asks for more of it.
fn weight_of_text(text: &str, action: &Action, state: &SchemaState) -> Weight {
    let words: Vec<String> = tokens(text)
        .filter_map(|(_, token)| match token {
            Token::Word(word) => Some(word.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    let has = |wanted: &[&str]| {
        words.windows(wanted.len()).any(|found| found.iter().zip(wanted).all(|(a, b)| a == b))
    };
    let begins = |known: &str| {
        let mut known = known.split(' ');
        let matched = (&mut known).zip(&words).all(|(known, word)| known == word);
        matched && known.next().is_none()
    };
    let loses = match action {
        Action::Other => !words.is_empty() && !HARMLESS.iter().any(|known| begins(known)),
        // A change within: `with gone as (delete …) select …`.
        Action::Select { .. } | Action::CreateTableAs { .. } => {
            has(&["delete", "from"]) || has(&["merge", "into"])
        }
        Action::ChangeRows(change) if state.is_new(&change.table) => false,
        Action::ChangeRows(change) => {
            // What stood there is written nowhere else.
            let is_emptied = change.verb == "update" && is_set_to_null(text);
            is_emptied || has(&["delete", "from"]) || has(&["merge", "into"])
        }
        _ => false,
    };
    // Nested in any statement, and in those that no rule reads.
    let is_alter_cascade = matches!(action, Action::Other) && has(&["cascade"]);
    if loses || is_alter_cascade { Weight::Destroys } else { Weight::Light }
}

/// Whether an update writes null for a value: `= null` before its condition.
fn is_set_to_null(text: &str) -> bool {
    let mut follows_equals = false;
    for (_, token) in tokens(text) {
        match token {
            Token::Word(word) if word.eq_ignore_ascii_case("where") => return false,
            Token::Word(word) if follows_equals && word.eq_ignore_ascii_case("null") => {
                return true;
            }
            _ => follows_equals = token == Token::Sign(b'='),
        }
    }
    false
}

fn weight_of_change(table: &Name, change: &Change, state: &SchemaState) -> Weight {
    match change {
        Change::DropColumn { .. }
        | Change::DropConstraint { is_cascading: true, .. }
        | Change::DisableRowSecurity
        | Change::UnforceRowSecurity
        // An expression can turn any value into any other.
        | Change::SetType { using: Some(_), .. } => Weight::Destroys,
        Change::SetType { column, to, collation, .. } => {
            let known = state.column(table, column);
            let weight = weight_of_type(known.map(|known| &known.data_type), to);
            let old = known.and_then(|known| known.collation.as_ref());
            // Its indexes are sorted anew.
            let is_sorted = old != collation.as_ref();
            if is_sorted { weight.max(Weight::Heavy) } else { weight }
        }
        Change::SetNotNull(_)
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

/// Says what another type costs. The server rounds in silence, and what is too long or too large for it is what
/// somebody wants to be rid of: only a type that takes every value of the old one loses none.
fn weight_of_type(from: Option<&DataType>, to: &DataType) -> Weight {
    match from {
        Some(from) if from.change_to(to) == TypeChange::Free => Weight::Light,
        Some(from) if from.fits_in(to) => Weight::Heavy,
        None if takes_anything(to) => Weight::Heavy,
        _ => Weight::Destroys,
    }
}

/// Whether the values of whatever type there was are all in a type.
fn takes_anything(to: &DataType) -> bool {
    !to.is_array && to.modifiers.is_empty() && matches!(to.name.as_str(), "text" | "varchar")
}

/// Says which old types a statement's weight depends on that nobody told.
fn unknown_types(action: &Action, state: &SchemaState) -> Vec<String> {
    let Action::AlterTable(alter) = action else { return Vec::new() };
    if state.is_new(&alter.table) {
        return Vec::new();
    }
    let changed = alter.changes.iter().filter_map(|(_, change)| match change {
        Change::SetType { column, to, using: None, .. } if !takes_anything(to) => {
            Some((column, to))
        }
        _ => None,
    });
    changed
        .filter(|(column, _)| state.column(&alter.table, column).is_none())
        .map(|(column, to)| {
            format!(
                "whether {to} keeps all that `{column}` of `{}` has: its type is not known",
                alter.table
            )
        })
        .collect()
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
    fn what_loses_something_in_other_ways_is_told_too() {
        for sql in [
            "drop view a cascade",
            "do $$ begin execute 'drop table b'; end $$",
            "drop type colour",
            "drop extension hstore",
            "drop materialized view totals",
            "drop sequence numbers",
            "drop policy own on stores",
            "drop role clerk",
            "with gone as (delete from stores returning *) select * from gone",
            "update stores set name = null where store_id = 1",
            "alter table stores alter column name type text using left(name, 3)",
            "alter table stores drop constraint stores_pkey cascade",
            "alter table stores disable row level security",
            "alter table stores no force row level security",
            "grant select on stores to public",
            "reassign owned by a to b",
            "copy stores from program 'true'",
            "alter table sales alter column price type integer",
            "alter table sales alter column price type numeric(10, 1)",
            "alter table sales alter column sold_at type date",
            "alter table sales alter column sold_at type timestamptz(0)",
            "alter table sales alter column price type real",
            // It may have been a number with a fraction, and longer.
            "alter table sales alter column id type bigint",
            "alter table sales alter column price type numeric",
            "alter table sales alter column note type varchar(80)",
            "create rule gone as on insert to stores do instead nothing",
            "create publication everything for all tables",
            "alter system set work_mem = '1GB'",
        ] {
            assert_eq!(weights(sql).into_iter().max(), Some(Weight::Destroys), "{sql}");
        }
        for (sql, weight) in [
            ("drop view a", Weight::Light),
            ("drop index a", Weight::Light),
            ("drop function f()", Weight::Light),
            ("comment on table stores is 'delete from; cascade'", Weight::Light),
            ("create extension hstore", Weight::Light),
            ("revoke all on stores from public", Weight::Light),
            ("alter sequence numbers restart", Weight::Light),
            ("update stores set name = 'x' where city = null", Weight::Heavy),
            ("do $$ begin perform 1; end $$", Weight::Heavy),
            ("set lock_timeout = '5s'", Weight::Light),
            ("alter table sales alter column note type text", Weight::Heavy),
            ("create rule twice as on insert to stores do also notify stores", Weight::Light),
            ("grant select on stores to clerks", Weight::Light),
        ] {
            assert_eq!(weights(sql).into_iter().max(), Some(weight), "{sql}");
        }
    }

    #[test]
    fn a_wider_type_loses_nothing_and_a_narrower_one_does() {
        let known = "create table sales (id integer, small smallint, price numeric(10, 2), note varchar(50),
            body text, sold_at timestamptz, at timestamp(3), ratio real, codes varchar(5)[])";
        for (change, weight) in [
            ("id type bigint", Weight::Heavy),
            ("id type numeric", Weight::Heavy),
            ("id type numeric(12, 2)", Weight::Heavy),
            ("id type numeric(10, 2)", Weight::Destroys),
            ("id type smallint", Weight::Destroys),
            ("id type real", Weight::Destroys),
            ("id type bigint using id::bigint", Weight::Destroys),
            ("small type integer", Weight::Heavy),
            ("price type numeric(12, 2)", Weight::Light),
            ("price type numeric", Weight::Light),
            ("price type numeric(14, 4)", Weight::Heavy),
            ("price type numeric(12, 1)", Weight::Destroys),
            ("price type numeric(10, 4)", Weight::Destroys),
            ("price type numeric(8, 2)", Weight::Destroys),
            ("price type bigint", Weight::Destroys),
            ("note type varchar(80)", Weight::Light),
            ("note type text", Weight::Light),
            ("note type text collate \"C\"", Weight::Heavy),
            ("note type varchar(20)", Weight::Destroys),
            ("body type varchar", Weight::Light),
            ("body type varchar(80)", Weight::Destroys),
            ("sold_at type date", Weight::Destroys),
            ("sold_at type timestamptz(0)", Weight::Destroys),
            ("sold_at type text", Weight::Heavy),
            ("at type timestamp", Weight::Light),
            ("ratio type double precision", Weight::Heavy),
            ("codes type varchar(9)[]", Weight::Heavy),
            ("codes type varchar(2)[]", Weight::Destroys),
        ] {
            let mut state = SchemaState::default();
            consequences_for(known, &mut state);
            let sql = format!("alter table sales alter column {change}");
            let found = consequences_for(&sql, &mut state);
            assert_eq!(found[0].weight, weight, "{change}");
            assert!(found[0].not_known.is_empty(), "{change}");
        }
    }

    #[test]
    fn an_old_type_that_nobody_told_is_named() {
        let found = consequences(
            "alter table sales alter column id type bigint, alter column note type text",
        );
        let said = "whether bigint keeps all that `id` of `sales` has: its type is not known";
        assert_eq!(found[0].not_known, [said]);
    }

    #[test]
    fn what_is_not_understood_may_do_anything() {
        assert_eq!(weights("drop drop drop ("), [Weight::Destroys]);
    }
}
