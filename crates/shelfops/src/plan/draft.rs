//! What a plan is made from.

use serde_json::Value;
use shelfops_advisor::drift::{Running, Statement, Weight};
use shelfops_advisor::lint::{Consequence, SchemaState, consequences, consequences_for};
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
    /// What of its cost only the database can tell; until it has, the worst is taken for it.
    pub(crate) not_known: Vec<String>,
}

impl DraftStep {
    /// Makes a step of a statement; what it costs is judged by its text.
    pub(crate) fn of_sql(sql: impl Into<String>) -> Self {
        let sql = sql.into();
        let found = consequences(&sql);
        Self { weight: weight(&found), is_alone: false, not_known: not_known(found), sql }
    }

    /// Makes a step of one direction of a migration.
    pub(crate) fn of_migration(migration: &Migration, direction: Direction) -> Self {
        Self {
            is_alone: migration.runs_alone(direction),
            ..Self::of_sql(format!("-- {}\n{}", migration.file, migration.text(direction)))
        }
    }

    /// Judges its cost by the schema that it meets, where the text did not tell all of it, and leaves the
    /// schema as it is behind it.
    fn judge(&mut self, schema: &mut SchemaState) {
        let found = consequences_for(&self.sql, schema);
        if !self.not_known.is_empty() {
            self.weight = weight(&found);
            self.not_known = not_known(found);
        }
    }
}

fn weight(found: &[Consequence]) -> Weight {
    found.iter().map(|one| one.weight).max().unwrap_or(Weight::Light)
}

fn not_known(found: Vec<Consequence>) -> Vec<String> {
    found.into_iter().flat_map(|one| one.not_known).collect()
}

impl From<&Statement> for DraftStep {
    fn from(statement: &Statement) -> Self {
        Self {
            sql: statement.sql.clone(),
            weight: statement.weight,
            is_alone: statement.running == Running::Alone,
            // Who wrote it saw both schemas.
            not_known: Vec::new(),
        }
    }
}

impl Draft {
    /// Whether what its steps cost depends on the schema that they meet.
    pub(super) fn asks_schema(&self) -> bool {
        self.steps.iter().any(|step| !step.not_known.is_empty())
    }

    /// Judges its steps by the schema that the first of them meets.
    pub(super) fn judge(&mut self, mut schema: SchemaState) {
        for step in &mut self.steps {
            step.judge(&mut schema);
        }
    }

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

    #[test]
    fn the_schema_decides_where_the_text_does_not_tell() {
        let mut schema = SchemaState::default();
        consequences_for("create table sales (id integer, price numeric(10, 2))", &mut schema);
        let steps = [
            "alter table sales alter column id type bigint",
            "alter table sales alter column id type numeric(19, 0)",
            "alter table sales alter column price type numeric(8, 2)",
            "alter table elsewhere alter column id type bigint",
        ];
        let mut draft = Draft {
            kind: "test",
            title: String::new(),
            runs: PlanRuns::Statements,
            steps: steps.map(DraftStep::of_sql).into(),
            reversal: String::new(),
            tables: Vec::new(),
            touches: Value::Null,
        };
        assert!(draft.asks_schema());
        assert_eq!(draft.effect(), Weight::Destroys);
        draft.judge(schema);
        let weights: Vec<Weight> = draft.steps.iter().map(|step| step.weight).collect();
        // The second meets what the first one left: every bigint has room in it.
        assert_eq!(weights, [Weight::Heavy, Weight::Heavy, Weight::Destroys, Weight::Destroys]);
        let open: Vec<bool> = draft.steps.iter().map(|step| !step.not_known.is_empty()).collect();
        assert_eq!(open, [false, false, false, true]);
    }
}
