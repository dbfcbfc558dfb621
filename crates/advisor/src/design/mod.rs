//! Designs a table: from what it is wanted for to a pair of migrations, each choice with its reason.
//!
//! The rules are the house's, told by a [`House`]. Nothing is guessed in silence: what was not said is a
//! question with the answer that was taken.

mod choices;
mod house;
mod intent;
mod naming;
mod quantities;
mod request;
mod spec;
mod sql;
mod volume;

use schemars::JsonSchema;
use serde::Serialize;

pub use choices::IndexChoice;
pub use house::{House, Parent, Question, Template, TenantRule};
pub use intent::{Understood, understand};
pub use spec::{
    CheckSpec, ColumnSpec, Meaning, QuestionSpec, RatioSpec, ReferenceSpec, TableSpec, VolumeSpec,
};
pub use volume::Sizing;

/// A table as it is to be.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Design {
    /// Its name.
    pub name: String,
    /// The migration that makes it.
    pub up: String,
    /// The migration that takes it back.
    pub down: String,
    /// Each choice with its reason.
    pub choices: Vec<Choice>,
    /// Each index that was thought of, made or not.
    pub indexes: Vec<IndexChoice>,
    /// The arithmetic behind a plain or a partitioned table.
    pub sizing: Sizing,
    /// Ratios as they are computed over any rows.
    pub ratios: Vec<String>,
}

/// A choice and its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Choice {
    /// What was chosen.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What is wrong with a specification.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the specification of '{table}' is not right: {}", faults.join("; "))]
pub struct SpecError {
    /// The table.
    pub table: String,
    /// Each fault.
    pub faults: Vec<String>,
}

/// Designs a table by the rules of a house.
///
/// # Errors
/// Says everything that is wrong with the specification at once.
pub fn design(spec: &TableSpec, house: &House) -> Result<Design, SpecError> {
    let faults = choices::faults(spec, house);
    if !faults.is_empty() {
        return Err(SpecError { table: spec.name.clone(), faults });
    }
    let sizing = volume::size(spec, house);
    let indexes = choices::indexes(spec, house, &sizing);
    let text = sql::Text { spec, house, sizing: &sizing, indexes: &indexes };
    Ok(Design {
        name: spec.name.clone(),
        up: text.up(),
        down: text.down(),
        choices: choices::choices(spec, house, &sizing),
        ratios: spec.ratios.iter().map(sql::ratio).collect(),
        indexes,
        sizing,
    })
}
