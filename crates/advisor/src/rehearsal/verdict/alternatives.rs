//! What to do instead, by what a statement is.

use crate::lint::script::Action;
use crate::lint::script::action::{Change, ConstraintKind};

/// For a lock that is held too long by something else.
pub(super) const SHORTER: &str =
    "do the long work before the lock is taken, or in a migration of its own";

/// For rows that are in the way.
pub(super) const REPAIR: &str = "mend these rows first, in batches, in a migration before this one; keep new ones out by `not valid`";

/// For a statement that is wrong by itself.
pub(super) const MEND: &str = "mend the statement and rehearse again";

/// For what breaks statements of a program that still runs.
pub(super) const EXPAND: &str = "expand, then contract: add the new beside the old, let the program use \
    both, move over, and take the old away in a later release";

/// For many rows at once.
const BATCHES: &str = "batches by key, of some thousand rows, each in a transaction of its own, outside the migration";

/// Returns what to do instead of a statement that stops others or loses something.
pub(super) fn instead(action: &Action) -> Option<String> {
    let words = match action {
        Action::CreateIndex(_) => {
            "`create index concurrently`, in a migration without a transaction"
        }
        Action::Reindex { .. } => "`reindex concurrently`",
        Action::Refresh { .. } => {
            "`refresh materialized view concurrently`, which needs a unique index on the view"
        }
        Action::Vacuum { .. } => {
            "a plain `vacuum`: it gives space back to the table, and stops nobody"
        }
        Action::Cluster { .. } => "an index that has the columns (`include`), or new rows in order",
        Action::ChangeRows(_) | Action::Do { .. } => BATCHES,
        Action::Truncate { .. } | Action::Drop(_) => {
            "stop using it in one release, keep a copy, and take it away in a later one"
        }
        Action::Lock { .. } => SHORTER,
        Action::AlterTable(alter) => {
            return alter
                .changes
                .iter()
                .find_map(|(_, change)| of_change(change))
                .map(str::to_owned);
        }
        _ => return None,
    };
    Some(words.to_owned())
}

fn of_change(change: &Change) -> Option<&'static str> {
    Some(match change {
        Change::AddColumn(column, constraints) => {
            let is_checked = constraints.iter().any(|one| {
                matches!(one.kind, ConstraintKind::Check(_) | ConstraintKind::ForeignKey(_))
            });
            if column.is_stored_generated {
                "a plain column that a trigger fills, and the rows that are there in batches"
            } else if column.is_identity || column.data_type.is_serial() {
                "a plain column; fill it in batches; then a sequence as its default"
            } else if is_checked {
                "the column alone; then its constraint `not valid`; then `validate constraint`, each in a \
                 migration of its own"
            } else {
                "the column without a default; `alter column … set default` for new rows; the old ones in \
                 batches"
            }
        }
        Change::DropColumn { .. } => {
            "stop reading and writing it in one release, keep a copy, and drop it in a later one"
        }
        Change::SetType { .. } => {
            "a new column of the new type; a trigger that fills it; old rows in batches; then change over \
             and drop the old one"
        }
        Change::SetNotNull(_) => {
            "`add constraint … check (column is not null) not valid`, `validate constraint` in another \
             transaction, then `set not null`, which reads nothing then"
        }
        Change::AddConstraint(one) => match one.kind {
            ConstraintKind::Unique | ConstraintKind::PrimaryKey => {
                "`create unique index concurrently`, then `add constraint … using index`; for a primary key \
                 the columns not null before, by a validated check"
            }
            ConstraintKind::Exclude => "at a quiet hour: an exclusion cannot be built concurrently",
            _ => "the constraint `not valid`, then `validate constraint` in another transaction",
        },
        Change::ValidateConstraint(_) => {
            "`validate constraint` in a transaction of its own, where no stronger lock is held"
        }
        Change::AttachPartition { .. } => {
            "a check on the new partition that says its bounds, validated before it is attached"
        }
        Change::DetachPartition { .. } => "`detach partition … concurrently`",
        Change::MoveStorage(_) => "a new table with the new storage, filled in batches",
        Change::RenameColumn { .. } | Change::RenameTable(_) | Change::SetSchema(_) => EXPAND,
        _ => return None,
    })
}
