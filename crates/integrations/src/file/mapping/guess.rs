//! Guesses which column holds a field, from its name alone.

use shelfops_ingest::values::FieldSpec;

use super::columns::{Columns, Lookup};
use super::nearest::listed;
use super::{ColumnRule, MappingError};

/// Returns the column named like the field, or like the first of its synonyms that is there.
///
/// # Errors
/// Fails when several columns share the name: which one is meant, only the user knows.
pub(super) fn guess(
    spec: &FieldSpec,
    columns: &Columns,
) -> Result<Option<ColumnRule>, MappingError> {
    for candidate in std::iter::once(&spec.name).chain(spec.synonyms) {
        match columns.guess(candidate) {
            Lookup::Found(number) => {
                return Ok(Some(ColumnRule::column(&columns.names()[number as usize])));
            }
            Lookup::Ambiguous(names) => {
                return Err(MappingError::AmbiguousColumn {
                    field: spec.name.to_owned(),
                    column: (*candidate).to_owned(),
                    choices: listed(names.iter().map(String::as_str)),
                });
            }
            Lookup::Missing | Lookup::Unusable(_) => {}
        }
    }
    Ok(None)
}
