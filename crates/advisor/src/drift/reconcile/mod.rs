//! The statements that make one schema the other, in an order in which each can run.
//!
//! First what is in the way goes, dependents before what they depend on; then what is missing is made and
//! what differs is changed, what is needed before what needs it; last goes what nobody declared and what
//! rows may be in, so that a statement that fails has cost nothing yet. What stands on something that is
//! made anew is made anew with it.

mod alter;
mod create;
mod drop;
mod order;
mod rights;
mod roles;
mod statement;
mod timescale;

use std::collections::{BTreeMap, BTreeSet};

use super::compare::{self, Change, Difference};
use super::schema::{Key, Kind, Schema};
use alter::Altered;
use statement::Site;
pub use statement::{Running, Statement, Weight};

/// What differs, and what to do about it.
#[derive(Clone, Debug, Default)]
pub struct Reconciliation {
    /// What differs.
    pub differences: Vec<Difference>,
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// What no statement can mend, and why.
    pub by_hand: Vec<String>,
}

/// Says what differs between a live schema and the declared one, and what makes the live one the other.
pub fn reconcile(live: &Schema, declared: &Schema) -> Reconciliation {
    let (settled, renames) = compare::renamed(live, declared);
    let mut plan = Plan::new(&settled, declared);
    for difference in compare::all(&settled, declared) {
        plan.decide(&difference);
    }
    plan.follow_dependents();
    let mut statements: Vec<Statement> = renames.iter().filter_map(rename).collect();
    statements.extend(plan.statements());
    Reconciliation {
        differences: compare::compare(live, declared),
        statements,
        by_hand: plan.by_hand,
    }
}

fn rename(difference: &Difference) -> Option<Statement> {
    let Change::Renamed { live_name } = &difference.change else { return None };
    let key = &difference.key;
    let (relation, name) = (key.qualified_relation(), &key.name);
    let schema = key.schema.as_deref().unwrap_or_default();
    let sql = match key.kind {
        Kind::Table => format!("alter table {schema}.{live_name} rename to {name}"),
        Kind::Column => format!("alter table {relation} rename column {live_name} to {name}"),
        Kind::Constraint => {
            format!("alter table {relation} rename constraint {live_name} to {name}")
        }
        Kind::Index => format!("alter index {schema}.{live_name} rename to {name}"),
        _ => return None,
    };
    Some(Statement::light(key, sql))
}

/// What happens to each object.
struct Plan<'s> {
    live: &'s Schema,
    declared: &'s Schema,
    dropped: BTreeSet<Key>,
    created: BTreeSet<Key>,
    altered: BTreeMap<Key, Vec<Statement>>,
    by_hand: Vec<String>,
}

impl<'s> Plan<'s> {
    fn new(live: &'s Schema, declared: &'s Schema) -> Self {
        Self {
            live,
            declared,
            dropped: BTreeSet::new(),
            created: BTreeSet::new(),
            altered: BTreeMap::new(),
            by_hand: Vec::new(),
        }
    }

    fn decide(&mut self, difference: &Difference) {
        let key = &difference.key;
        match &difference.change {
            Change::Missing => {
                self.created.insert(key.clone());
            }
            Change::Extra => {
                self.dropped.insert(key.clone());
            }
            Change::Changed { facts } => {
                let (Some(live), Some(declared)) = (self.live.get(key), self.declared.get(key))
                else {
                    return;
                };
                let names: BTreeSet<&str> =
                    facts.iter().map(|change| change.fact.as_str()).collect();
                let site =
                    Site { live: self.live, declared: self.declared, created: &self.created };
                match alter::alter(&site, key, (live, declared), &names) {
                    Altered::By(statements) => {
                        self.altered.insert(key.clone(), statements);
                    }
                    Altered::MadeAnew => self.make_anew(key),
                    Altered::ByHand(why) => self.by_hand.push(format!("{key}: {why}")),
                }
            }
            Change::Renamed { .. } => {}
        }
    }

    fn make_anew(&mut self, key: &Key) {
        self.altered.remove(key);
        self.dropped.insert(key.clone());
        self.created.insert(key.clone());
    }

    /// Makes anew what stands on something that is dropped, or on a column whose type changes.
    fn follow_dependents(&mut self) {
        let retyped: BTreeSet<Key> = self
            .altered
            .iter()
            .filter(|(key, statements)| {
                key.kind == Kind::Column && statements.iter().any(Statement::changes_type)
            })
            .map(|(key, _)| key.clone())
            .collect();
        let relabelled = self.relabelled();
        loop {
            let waiting: Vec<Key> = self
                .live
                .objects
                .iter()
                .filter(|(key, _)| !self.dropped.contains(key) && self.declared.get(key).is_some())
                .filter(|(key, object)| {
                    object.requires.iter().any(|needed| {
                        self.dropped.contains(needed) && stands_on(key.kind, needed.kind)
                            || (retyped.contains(needed) || relabelled.contains(needed))
                                && breaks_with_type(key.kind)
                            // What compares with a label is of the type that goes.
                            || relabelled.contains(needed)
                                && needed.kind == Kind::Type
                                && matches!(key.kind, Kind::Index | Kind::Constraint)
                    })
                })
                .map(|(key, _)| key.clone())
                .collect();
            if waiting.is_empty() {
                return;
            }
            for key in waiting {
                self.make_anew(&key);
            }
        }
    }

    /// Returns the types that are made anew below the columns that have them, and those columns.
    fn relabelled(&self) -> BTreeSet<Key> {
        let mut found: BTreeSet<Key> = self
            .altered
            .iter()
            .filter(|(key, statements)| {
                key.kind == Kind::Type && statements.iter().any(|it| it.sql.contains(" rename to "))
            })
            .map(|(key, _)| key.clone())
            .collect();
        let columns: Vec<Key> = self
            .live
            .objects
            .iter()
            .filter(|(key, object)| {
                key.kind == Kind::Column && object.requires.iter().any(|it| found.contains(it))
            })
            .map(|(key, _)| key.clone())
            .collect();
        found.extend(columns);
        found
    }

    /// Returns the live schema in which what goes with a whole is needed by the whole: a table is dropped
    /// before a sequence that one of its defaults takes numbers from.
    fn with_parts_in_wholes(&self) -> Schema {
        let mut schema = self.live.clone();
        for key in self.dropped.iter().filter(|key| self.goes_with_whole(key)) {
            let Some(table) = key.relation_as(Kind::Table) else { continue };
            let needed = self.live.get(key).map(|part| part.requires.clone()).unwrap_or_default();
            if let Some(object) = schema.objects.get_mut(&table) {
                object.requires.extend(needed.into_iter().filter(|it| *it != table));
            }
        }
        schema
    }

    fn statements(&self) -> Vec<Statement> {
        let site = Site { live: self.live, declared: self.declared, created: &self.created };
        let (late, early): (Vec<&Key>, Vec<&Key>) = self
            .dropped
            .iter()
            .filter(|key| !self.goes_with_whole(key))
            .partition(|key| holds(key.kind) && !self.created.contains(*key));
        let mut statements = Vec::new();
        for key in order::dependents_first(&early, self.live) {
            statements.extend(drop::drop(&site, key));
        }
        let wanted: Vec<&Key> = self
            .created
            .iter()
            .filter(|key| !self.comes_with_whole(key))
            .chain(self.altered.keys())
            .collect();
        for key in order::needed_first(&wanted, self.declared) {
            match self.altered.get(key) {
                Some(altered) => statements.extend(altered.iter().cloned()),
                None => statements.extend(create::create(&site, key)),
            }
        }
        let live = self.with_parts_in_wholes();
        let late: Vec<&Key> = late.iter().filter_map(|key| live.key(key)).collect();
        for key in order::dependents_first(&late, &live) {
            statements.extend(drop::drop(&site, key));
        }
        statements
    }

    /// Whether something is gone by itself with what it is a part of.
    fn goes_with_whole(&self, key: &Key) -> bool {
        let is_dropped =
            |kind: Kind| key.relation_as(kind).is_some_and(|whole| self.dropped.contains(&whole));
        match key.kind {
            Kind::Grant => self.live.get(key).is_some_and(|object| {
                object.requires.iter().any(|whole| self.dropped.contains(whole))
            }),
            Kind::Hypertable => self.dropped.contains(&Key { kind: Kind::Table, ..key.clone() }),
            // Two tables that refer to each other could be dropped in no order.
            Kind::Constraint if self.is_reference(key) => false,
            // A sequence goes with the column that owns it.
            Kind::Sequence => self.live.get(key).is_some_and(|object| {
                let is_owner = |it: &Key| it.kind == Kind::Column && self.dropped.contains(it);
                object.requires.iter().any(is_owner)
            }),
            _ if is_dropped(Kind::Table) => true,
            Kind::Default => self.dropped.contains(&Key { kind: Kind::Column, ..key.clone() }),
            _ => {
                is_dropped(Kind::View)
                    || is_dropped(Kind::MaterializedView)
                    || is_dropped(Kind::ContinuousAggregate)
            }
        }
    }

    fn is_reference(&self, key: &Key) -> bool {
        let definition = self.live.get(key).map(|object| object.fact("definition"));
        definition.is_some_and(|definition| definition.starts_with("FOREIGN KEY"))
    }

    /// Whether something is made by the statement that makes what it is a part of.
    fn comes_with_whole(&self, key: &Key) -> bool {
        match key.kind {
            Kind::Column => {
                key.relation_as(Kind::Table).is_some_and(|table| self.created.contains(&table))
            }
            Kind::Default => {
                let site =
                    Site { live: self.live, declared: self.declared, created: &self.created };
                let column = Key { kind: Kind::Column, ..key.clone() };
                self.created.contains(&column)
                    && !key.relation_as(Kind::Table).is_some_and(|it| self.created.contains(&it))
                    && create::has_inline_default(&site, key)
            }
            _ => false,
        }
    }
}

/// Whether rows or values may be in it, or all of it belong to it: it goes last.
const fn holds(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Column
            | Kind::Table
            | Kind::Sequence
            | Kind::Routine
            | Kind::Type
            | Kind::Schema
            | Kind::Extension
            | Kind::Role
    )
}

/// Whether something of one kind cannot stay when something of the other goes that it needs.
const fn stands_on(kind: Kind, needed: Kind) -> bool {
    match kind {
        Kind::Table | Kind::Column | Kind::Sequence | Kind::Schema | Kind::Extension => false,
        // PostgreSQL drops these along, and they have to come back.
        Kind::Type | Kind::Routine | Kind::DefaultRights => {
            matches!(needed, Kind::Type | Kind::Routine | Kind::Table | Kind::View)
        }
        _ => true,
    }
}

/// Whether something of that kind keeps a column's type from being changed.
const fn breaks_with_type(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::View
            | Kind::MaterializedView
            | Kind::Rule
            | Kind::Policy
            | Kind::Trigger
            | Kind::Routine
    )
}
