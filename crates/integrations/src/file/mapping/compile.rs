//! Finds the columns that a rule of the mapping names.

use shelfops_ingest::values::FieldSpec;

use super::columns::{Completeness, Lookup};
use super::nearest::{did_you_mean, listed, nearest};
use super::plan::{ColumnPlan, Computed, TemplatePart, TextFrom};
use super::template::Piece;
use super::{ColumnRule, MappingError};

impl ColumnPlan {
    /// Turns the names of a rule into column numbers.
    ///
    /// # Errors
    /// Fails when a column is not there, or when its name means several.
    pub(super) fn compile(
        &mut self,
        spec: &FieldSpec,
        rule: &ColumnRule,
    ) -> Result<TextFrom, MappingError> {
        let wanted = Wanted { field: spec.name, may_follow: self.may_follow(spec, rule) };
        Ok(match rule {
            ColumnRule::Constant(text) if text.is_empty() => TextFrom::Nothing,
            ColumnRule::Constant(text) => TextFrom::Constant(text.clone()),
            ColumnRule::Columns { columns, words } => {
                let columns = self.column_numbers(&wanted, columns)?;
                match columns.as_slice() {
                    [column] if words.is_empty() => TextFrom::Column(*column),
                    _ => {
                        let words = words.clone().into_iter().collect();
                        TextFrom::FirstOf { columns, words }
                    }
                }
            }
            ColumnRule::Sum(columns) => {
                let columns = self.column_numbers(&wanted, columns)?;
                self.compute(Computed::Sum(columns))
            }
            ColumnRule::Template { template, .. } => {
                let mut parts = Vec::with_capacity(template.pieces.len());
                for piece in &template.pieces {
                    parts.push(match piece {
                        Piece::Literal(text) => TemplatePart::Literal(text.clone()),
                        Piece::Column { name, is_optional } => TemplatePart::Column {
                            column: self.column_number(&wanted, name)?,
                            is_optional: *is_optional,
                        },
                    });
                }
                self.compute(Computed::Template(parts))
            }
        })
    }

    /// Whether a column that was not seen may still be there, in records further on.
    fn may_follow(&self, spec: &FieldSpec, rule: &ColumnRule) -> bool {
        match self.columns.completeness() {
            Completeness::Whole => false,
            Completeness::Record => true,
            Completeness::Sample(_) => {
                let is_seen = |name| matches!(self.columns.find(name), Lookup::Found(_));
                !spec.is_required || rule.columns().into_iter().any(is_seen)
            }
        }
    }

    fn compute(&mut self, computed: Computed) -> TextFrom {
        self.computed.push(computed);
        TextFrom::Computed(self.computed.len() - 1)
    }

    fn column_numbers(
        &mut self,
        wanted: &Wanted,
        names: &[String],
    ) -> Result<Vec<u32>, MappingError> {
        names.iter().map(|name| self.column_number(wanted, name)).collect()
    }

    fn column_number(&mut self, wanted: &Wanted, name: &str) -> Result<u32, MappingError> {
        let (field, column) = (wanted.field.to_owned(), name.to_owned());
        match self.columns.find(name) {
            Lookup::Found(number) => Ok(number),
            Lookup::Ambiguous(names) => {
                let choices = listed(names.iter().map(String::as_str));
                Err(MappingError::AmbiguousColumn { field, column, choices })
            }
            Lookup::Unusable(what) => Err(MappingError::UnusableColumn { field, column, what }),
            Lookup::Missing => {
                let near = nearest(name, self.columns.names().iter().map(String::as_str));
                let is_slip = near.is_some() && self.columns.completeness() != Completeness::Record;
                if wanted.may_follow && !is_slip {
                    return Ok(self.columns.expect(name));
                }
                let (hint, found) = (did_you_mean(near), self.found());
                Err(MappingError::NoSuchColumn { field, column, hint, found })
            }
        }
    }
}

/// The field that a column is looked up for.
struct Wanted {
    field: &'static str,
    may_follow: bool,
}
