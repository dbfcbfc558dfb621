//! Which columns of one file fill which fields of one stream.

use rustc_hash::FxHashMap;
use shelfops_ingest::Stream;
use shelfops_ingest::values::{Conventions, FieldSpec, ValueKind};

use super::columns::{Columns, Completeness, Lookup};
use super::explain::Origin;
use super::guess::guess;
use super::nearest::{did_you_mean, listed, nearest};
use super::template::Piece;
use super::{ColumnRule, Mapping, MappingError, MissingFields};

/// Which columns of one file fill which fields of one stream.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    pub(super) stream: Stream,
    pub(super) fields: Vec<PlannedField>,
    pub(super) computed: Vec<Computed>,
    pub(super) columns: Columns,
}

/// A field and where its text comes from.
#[derive(Clone, Debug)]
pub(super) struct PlannedField {
    pub(super) spec: &'static FieldSpec,
    pub(super) origin: Origin,
    /// What the mapping says or would have to say for the same effect.
    pub(super) rule: Option<ColumnRule>,
    pub(super) text: TextFrom,
}

/// Where the text of a field comes from, by column numbers.
#[derive(Clone, Debug)]
pub(super) enum TextFrom {
    Nothing,
    Column(u32),
    FirstOf {
        columns: Vec<u32>,
        words: FxHashMap<String, String>,
    },
    Constant(String),
    /// The computed text of that number.
    Computed(usize),
}

/// Text that has to be put together for each record.
#[derive(Clone, Debug)]
pub(super) enum Computed {
    Template(Vec<TemplatePart>),
    Sum(Vec<u32>),
}

/// A piece of a template, by column number.
#[derive(Clone, Debug)]
pub(super) enum TemplatePart {
    Literal(String),
    Column { column: u32, is_optional: bool },
}

impl ColumnPlan {
    /// Finds a column for every field: by the mapping, else by name, else by convention.
    ///
    /// # Errors
    /// Fails when the mapping names a field or a column that does not exist, or when a name means
    /// several columns. A field that is not found is no error yet: see
    /// [`Self::require_complete`].
    pub(crate) fn resolve(
        mapping: &Mapping,
        stream: Stream,
        columns: Columns,
        conventions: &Conventions,
    ) -> Result<Self, MappingError> {
        check_field_names(mapping, stream)?;
        let mut plan = Self { stream, fields: Vec::new(), computed: Vec::new(), columns };
        for spec in stream.fields() {
            let mapped = mapping.columns.get(spec.name);
            let (rule, origin) = match mapped {
                Some(rule) => (Some(rule.clone()), Origin::Mapped),
                None if mapping.guess => match guess(spec, &plan.columns)? {
                    Some(rule) => (Some(rule), Origin::Guessed),
                    None => (None, Origin::NotFound),
                },
                None => (None, Origin::NotFound),
            };
            let is_convention = rule.is_none()
                && spec.kind == ValueKind::Currency
                && conventions.currency.is_some();
            let origin = if is_convention { Origin::Convention } else { origin };
            let text = match &rule {
                Some(rule) => plan.compile(spec, rule)?,
                None => TextFrom::Nothing,
            };
            plan.fields.push(PlannedField { spec, origin, rule, text });
        }
        Ok(plan)
    }

    /// Returns the columns that the plan was made for.
    pub(crate) const fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Fails when a required field has no column and no convention fills it.
    ///
    /// # Errors
    /// Names the fields, the columns that there are, and what to write into a mapping.
    pub(crate) fn require_complete(&self, advice: Option<String>) -> Result<(), MappingError> {
        let fields: Vec<_> = self
            .fields
            .iter()
            .filter(|field| field.spec.is_required && field.origin == Origin::NotFound)
            .map(|field| (field.spec.name, field.spec.meaning))
            .collect();
        if fields.is_empty() {
            return Ok(());
        }
        let missing = MissingFields { stream: self.stream, fields, found: self.found(), advice };
        Err(MappingError::MissingFields(Box::new(missing)))
    }

    /// Returns the mapping that spells out every choice of this plan, so that records of the same
    /// file are read the same way later, one by one.
    pub fn effective_mapping(&self, mapping: &Mapping) -> Mapping {
        let rules = self.fields.iter().filter_map(|field| {
            let rule = field.rule.clone()?;
            Some((field.spec.name.to_owned(), rule))
        });
        Mapping { guess: false, columns: rules.collect(), ..mapping.clone() }
    }

    /// Forgets the columns that no field is read from and numbers the others anew; returns their
    /// names by their new numbers.
    pub(crate) fn keep_used(&mut self) -> Vec<String> {
        let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
        let mut names = Vec::new();
        self.for_each_column(|column, all| {
            let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
            *column = *numbers.entry(*column).or_insert_with_key(|old| {
                names.push(all.names()[*old as usize].clone());
                next
            });
        });
        names
    }

    /// Returns the numbers of the columns that each field is read from.
    pub(crate) fn columns_of_fields(
        &self,
    ) -> impl Iterator<Item = (&'static FieldSpec, Vec<u32>)> + '_ {
        self.fields.iter().map(|field| {
            let columns = match &field.text {
                TextFrom::Nothing | TextFrom::Constant(_) => Vec::new(),
                TextFrom::Column(column) => vec![*column],
                TextFrom::FirstOf { columns, .. } => columns.clone(),
                TextFrom::Computed(index) => match &self.computed[*index] {
                    Computed::Sum(columns) => columns.clone(),
                    Computed::Template(parts) => parts.iter().filter_map(column_of).collect(),
                },
            };
            (field.spec, columns)
        })
    }

    pub(super) fn found(&self) -> String {
        listed(self.columns.names().iter().map(String::as_str))
    }

    fn for_each_column(&mut self, mut change: impl FnMut(&mut u32, &Columns)) {
        for field in &mut self.fields {
            match &mut field.text {
                TextFrom::Column(column) => change(column, &self.columns),
                TextFrom::FirstOf { columns, .. } => {
                    columns.iter_mut().for_each(|column| change(column, &self.columns));
                }
                TextFrom::Nothing | TextFrom::Constant(_) | TextFrom::Computed(_) => {}
            }
        }
        for computed in &mut self.computed {
            match computed {
                Computed::Sum(columns) => {
                    columns.iter_mut().for_each(|column| change(column, &self.columns));
                }
                Computed::Template(parts) => {
                    for part in parts {
                        if let TemplatePart::Column { column, .. } = part {
                            change(column, &self.columns);
                        }
                    }
                }
            }
        }
    }

    fn compile(&mut self, spec: &FieldSpec, rule: &ColumnRule) -> Result<TextFrom, MappingError> {
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

const fn column_of(part: &TemplatePart) -> Option<u32> {
    match part {
        TemplatePart::Literal(_) => None,
        TemplatePart::Column { column, .. } => Some(*column),
    }
}

fn check_field_names(mapping: &Mapping, stream: Stream) -> Result<(), MappingError> {
    let known = || stream.fields().iter().map(|spec| spec.name);
    let unknown = mapping.columns.keys().find(|field| known().all(|name| name != field.as_str()));
    unknown.map_or(Ok(()), |field| {
        Err(MappingError::UnknownField {
            field: field.clone(),
            stream,
            hint: did_you_mean(nearest(field, known())),
            known: listed(known()),
        })
    })
}
