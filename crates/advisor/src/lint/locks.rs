//! Which locks a statement takes on tables that others use.

use super::script::action::{Action, Change, ConstraintKind, ObjectKind};
use super::script::{Name, Transaction};
use super::state::{Kind, SchemaState};

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

/// Returns the locks that a statement takes on tables that were there before.
pub fn taken_by(action: &Action, state: &SchemaState) -> Vec<(Name, Strength)> {
    let mut taken: Vec<(Name, Strength)> = match action {
        Action::AlterTable(alter) => {
            let mut taken = vec![(alter.table.clone(), strength_of(&alter.changes))];
            for (_, change) in &alter.changes {
                let constraints = match change {
                    Change::AddConstraint(one) => std::slice::from_ref(one),
                    Change::AddColumn(_, several) => several.as_slice(),
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
        Action::CreateTable(create) => create
            .constraints
            .iter()
            .filter_map(|one| match &one.kind {
                ConstraintKind::ForeignKey(to) => Some((to.table.clone(), Strength::Writes)),
                _ => None,
            })
            .collect(),
        Action::CreateIndex(index) if !index.is_concurrent => {
            vec![(index.table.clone(), Strength::Writes)]
        }
        Action::Drop(drop) if drop.kind == ObjectKind::Table => {
            drop.names.iter().map(|name| (name.clone(), Strength::Everything)).collect()
        }
        Action::Drop(drop) if matches!(drop.kind, ObjectKind::Trigger | ObjectKind::Policy) => {
            drop.on.iter().map(|name| (name.clone(), Strength::Everything)).collect()
        }
        Action::Truncate { tables, .. } => {
            tables.iter().map(|name| (name.clone(), Strength::Everything)).collect()
        }
        Action::Vacuum { is_full: true, tables } => {
            tables.iter().map(|name| (name.clone(), Strength::Everything)).collect()
        }
        Action::Cluster { table: Some(table) } => vec![(table.clone(), Strength::Everything)],
        Action::Lock { tables, mode } => {
            let strength = if mode.contains("access exclusive") {
                Strength::Everything
            } else {
                Strength::Writes
            };
            tables.iter().map(|name| (name.clone(), strength)).collect()
        }
        _ => Vec::new(),
    };
    taken.retain(|(name, _)| {
        !state.is_new(name) && state.table(name).is_none_or(|table| table.kind == Kind::Table)
    });
    taken
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
