//! Which columns of one file fill which fields of one stream.

use rustc_hash::FxHashMap;
use shelfops_ingest::Stream;
use shelfops_ingest::values::{Conventions, FieldSpec, ValueKind};

use super::columns::Columns;
use super::explain::Origin;
use super::guess::guess;
use super::nearest::{did_you_mean, listed, nearest};
use super::{ColumnRule, Mapping, MappingError, MissingFields};

/// Which columns of one file fill which fields of one stream.
#[derive(Clone, Debug)]
pub(crate) struct ColumnPlan {
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
    /// file are read the same way later, one by one. `conventions` are those that the file is read
    /// by: typed columns have styles of their own, whatever the mapping says of text.
    pub(crate) fn effective_mapping(
        &self,
        mapping: &Mapping,
        conventions: &Conventions,
    ) -> Mapping {
        let rules = self.fields.iter().filter_map(|field| {
            let rule = field.rule.clone()?;
            Some((field.spec.name.to_owned(), rule))
        });
        Mapping {
            time_format: Some(conventions.time_format),
            number_format: Some(conventions.number_format),
            guess: false,
            columns: rules.collect(),
            ..mapping.clone()
        }
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
