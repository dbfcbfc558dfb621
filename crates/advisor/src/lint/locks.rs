//! Which locks a statement takes on tables and views that others use.

use super::script::action::{Action, AlterTable, Change, ConstraintKind, Drop, ObjectKind};
use super::script::{Name, Transaction};
use super::state::SchemaState;

/// How much a lock keeps others from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Others may read and not write: `SHARE` and `SHARE ROW EXCLUSIVE`.
    Writes,
    /// Others may do nothing: `ACCESS EXCLUSIVE`.
    Everything,
}

/// The locks that the present transaction holds.
#[derive(Clone, Debug, Default)]
pub struct Locks {
    transaction: Option<Transaction>,
    held: Vec<(Name, Strength)>,
}

impl Locks {
    /// Begins anew where another transaction begins.
    pub(super) fn enter(&mut self, transaction: Transaction) {
        if self.transaction != Some(transaction) || transaction == Transaction::Own {
            self.held.clear();
            self.transaction = Some(transaction);
        }
    }

    /// Adds what a statement takes.
    pub(super) fn take(&mut self, action: &Action, state: &SchemaState) {
        self.held.extend(taken_by(action, state));
    }

    /// Returns the tables that nobody can read now.
    pub fn closed(&self) -> impl Iterator<Item = &Name> {
        self.held
            .iter()
            .filter(|(_, strength)| *strength == Strength::Everything)
            .map(|(name, _)| name)
    }

    /// Returns whether the transaction keeps others from a table.
    pub fn holds(&self, table: &Name) -> bool {
        self.held.iter().any(|(name, _)| name.qualified() == table.qualified())
    }
}

/// Returns the locks that a statement takes on tables and views that were there before.
pub fn taken_by(action: &Action, state: &SchemaState) -> Vec<(Name, Strength)> {
    let mut taken = match action {
        Action::AlterTable(alter) => taken_by_changes(alter),
        Action::Truncate { .. }
        | Action::Vacuum { .. }
        | Action::Cluster { .. }
        | Action::Lock { .. }
        | Action::Refresh { .. }
        | Action::Reindex { .. }
        | Action::MoveFiles { .. } => taken_by_maintenance(action, state),
        Action::Drop(drop) => taken_by_drop(drop, state),
        Action::CreateTable(create) => {
            let references = create.constraints.iter().filter_map(|one| match &one.kind {
                ConstraintKind::ForeignKey(to) => Some((to.table.clone(), Strength::Writes)),
                _ => None,
            });
            let parent = create.partition_of.iter().cloned();
            references.chain(parent.map(|name| (name, Strength::Everything))).collect()
        }
        Action::CreateIndex(index) if !index.is_concurrent => {
            vec![(index.table.clone(), Strength::Writes)]
        }
        Action::CreateTrigger { table } => vec![(table.clone(), Strength::Writes)],
        Action::Policy(policy) => vec![(policy.table.clone(), Strength::Everything)],
        Action::CreateRule(rule) => vec![(rule.table.clone(), Strength::Everything)],
        // One that is there is replaced, and closed while it is.
        Action::CreateView(view) if state.table(&view.name).is_some() => {
            vec![(view.name.clone(), Strength::Everything)]
        }
        Action::SetViewOptions { view, .. } => vec![(view.clone(), Strength::Everything)],
        Action::Rename { kind: ObjectKind::View | ObjectKind::MaterializedView, from, .. } => {
            vec![(from.clone(), Strength::Everything)]
        }
        _ => Vec::new(),
    };
    taken.retain(|(name, _)| !state.is_new(name));
    taken
}

fn taken_by_changes(alter: &AlterTable) -> Vec<(Name, Strength)> {
    let mut taken = vec![(alter.table.clone(), strength_of(&alter.changes))];
    for (_, change) in &alter.changes {
        let constraints = match change {
            Change::AddConstraint(one) => std::slice::from_ref(one),
            Change::AddColumn(_, several) => several.as_slice(),
            Change::AttachPartition { partition, .. } => {
                taken.push((partition.clone(), Strength::Everything));
                &[]
            }
            _ => &[],
        };
        for constraint in constraints {
            if let ConstraintKind::ForeignKey(to) = &constraint.kind {
                taken.push((to.table.clone(), Strength::Writes));
            }
        }
    }
    taken
}

fn taken_by_drop(drop: &Drop, state: &SchemaState) -> Vec<(Name, Strength)> {
    let closed: Vec<Name> = match drop.kind {
        ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView => drop.names.clone(),
        ObjectKind::Trigger | ObjectKind::Policy => drop.on.iter().cloned().collect(),
        ObjectKind::Index if !drop.is_concurrent => {
            let tables = drop.names.iter().filter_map(|name| state.index(name));
            tables.map(|(table, _)| table.name.clone()).collect()
        }
        _ => Vec::new(),
    };
    closed.into_iter().map(|name| (name, Strength::Everything)).collect()
}

/// Locks of statements that tend tables and take nothing away from their definition.
fn taken_by_maintenance(action: &Action, state: &SchemaState) -> Vec<(Name, Strength)> {
    let all = |tables: &[Name], strength| -> Vec<(Name, Strength)> {
        tables.iter().map(|name| (name.clone(), strength)).collect()
    };
    let table_of = |index: &Option<Name>| {
        index.as_ref().and_then(|name| state.index(name)).map(|(table, _)| table.name.clone())
    };
    match action {
        Action::Truncate { tables, .. } | Action::Vacuum { is_full: true, tables } => {
            all(tables, Strength::Everything)
        }
        Action::Cluster { table: Some(table) } => vec![(table.clone(), Strength::Everything)],
        Action::Lock { tables, mode } if mode.contains("access exclusive") => {
            all(tables, Strength::Everything)
        }
        Action::Lock { tables, .. } => all(tables, Strength::Writes),
        Action::Refresh { view, is_concurrent, .. } => {
            let strength = if *is_concurrent { Strength::Writes } else { Strength::Everything };
            vec![(view.clone(), strength)]
        }
        Action::Reindex { is_concurrent: false, table, index } => {
            let table = table.clone().or_else(|| table_of(index));
            table.into_iter().map(|name| (name, Strength::Writes)).collect()
        }
        _ => Vec::new(),
    }
}

fn strength_of(changes: &[(super::script::Span, Change)]) -> Strength {
    let is_light = |change: &Change| match change {
        Change::ValidateConstraint(_) | Change::EnableTrigger | Change::DisableTrigger(_) => true,
        Change::AddConstraint(one) => matches!(one.kind, ConstraintKind::ForeignKey(_)),
        Change::AttachPartition { .. } => true,
        Change::DetachPartition { is_concurrent, .. } => *is_concurrent,
        // Those of TimescaleDB do more than to note a number.
        Change::SetOptions(options) => options.iter().all(|(name, _)| !name.contains('.')),
        _ => false,
    };
    if changes.iter().all(|(_, change)| is_light(change)) {
        Strength::Writes
    } else {
        Strength::Everything
    }
}

/// Whether a statement sees to it that waiting for a lock ends.
pub(super) fn sets_lock_timeout(action: &Action) -> bool {
    let is_off = |value: &str| matches!(value.trim(), "0" | "0s" | "0ms" | "");
    match action {
        Action::Set { name, value } => name == "lock_timeout" && !is_off(value),
        Action::Select { calls } => calls.iter().any(|call| {
            call.name.ends_with("set_config")
                && call.argument(0, "setting_name") == Some("lock_timeout")
                && call.argument(1, "new_value").is_some_and(|value| !is_off(value))
        }),
        _ => false,
    }
}
