//! What a plan is made from.

use serde_json::Value;
use shelfops_advisor::drift::{Running, Statement, Weight};
use shelfops_advisor::lint::consequences;
use shelfops_db::models::PlanRuns;
use shelfops_db::{Direction, Migration};

/// A plan before it is kept: the statements and what only their author knows.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// What makes it, such as `migrate-up`.
    pub(crate) kind: &'static str,
    /// What it is about, in a line.
    pub(crate) title: String,
    /// What it runs.
    pub(crate) runs: PlanRuns,
    /// Its steps, in order.
    pub(crate) steps: Vec<DraftStep>,
    /// How it is taken back: statements, a command, or why it cannot be.
    pub(crate) reversal: String,
    /// Tables that it touches besides those that its statements name, with their schemas.
    pub(crate) tables: Vec<String>,
    /// What else it touches, such as the chunks that it drops; an object, told beside rows and bytes.
    pub(crate) touches: Value,
}

/// A step.
#[derive(Clone, Debug)]
pub(crate) struct DraftStep {
    /// The exact statement.
    pub(crate) sql: String,
    /// What it costs.
    pub(crate) weight: Weight,
    /// Whether it runs by itself, outside a transaction.
    pub(crate) is_alone: bool,
}

impl DraftStep {
    /// Makes a step of a statement; what it costs is judged by its text.
    pub(crate) fn of_sql(sql: impl Into<String>) -> Self {
        let sql = sql.into();
        Self { weight: weight(&sql), is_alone: false, sql }
    }

    /// Makes a step of one direction of a migration.
    pub(crate) fn of_migration(migration: &Migration, direction: Direction) -> Self {
        let text = migration.text(direction);
        Self {
            weight: weight(text),
            is_alone: migration.runs_alone(direction),
            sql: format!("-- {}\n{text}", migration.file),
        }
    }
}

fn weight(sql: &str) -> Weight {
    consequences(sql).iter().map(|one| one.weight).max().unwrap_or(Weight::Light)
}

impl From<&Statement> for DraftStep {
    fn from(statement: &Statement) -> Self {
        Self {
            sql: statement.sql.clone(),
            weight: statement.weight,
            is_alone: statement.running == Running::Alone,
        }
    }
}

impl Draft {
    /// Returns the worst that its steps do.
    pub(super) fn effect(&self) -> Weight {
        self.steps.iter().map(|step| step.weight).max().unwrap_or(Weight::Light)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_costs_is_judged_by_its_text() {
        let weights = [
            "comment on table stores is 'Shops.'",
            "create index concurrently stores_city on stores (customer_id, city)",
            "select shelfops.drop_chunks('transactions', '2024-01-01')",
            "drop table stores",
        ]
        .map(|sql| DraftStep::of_sql(sql).weight);
        let (light, heavy, destroys) = (Weight::Light, Weight::Heavy, Weight::Destroys);
        assert_eq!(weights, [light, heavy, destroys, destroys]);
    }
}
