//! Tells the user where each field comes from, for `--dry-run`.

use serde::Serialize;

use super::columns::Completeness;
use super::plan::ColumnPlan;

/// Why a field is read from where it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The mapping says so.
    Mapped,
    /// A column is named like it.
    Guessed,
    /// No column says it; the convention for all records does.
    Convention,
    /// Nothing says it.
    NotFound,
}

/// Where every field of a stream comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Each field, in the stream's order.
    pub fields: Vec<FieldExplanation>,
    /// The columns that no field is read from.
    pub unused_columns: Vec<String>,
}

/// Where one field comes from.
#[derive(Clone, Debug, Serialize)]
pub struct FieldExplanation {
    /// The field.
    pub field: &'static str,
    /// Why it is read from there.
    pub origin: Origin,
    /// The column, template, sum or constant that it is read from.
    pub from: Option<String>,
    /// Whether a record without it is refused.
    pub is_required: bool,
    /// What it means.
    pub meaning: &'static str,
}

impl ColumnPlan {
    /// Tells where each field comes from and which columns are not used.
    pub(crate) fn explain(&self) -> Explanation {
        let mut is_used = vec![false; self.columns().names().len()];
        let mut fields = Vec::with_capacity(self.fields.len());
        for (field, (_, columns)) in self.fields.iter().zip(self.columns_of_fields()) {
            let mut from = field.rule.as_ref().map(ToString::to_string);
            let unseen = columns.iter().any(|column| !self.columns().is_seen(*column));
            if let (Some(from), Completeness::Sample(records), true) =
                (&mut from, self.columns().completeness(), unseen)
            {
                from.push_str(&format!(" (not seen in the first {records} records)"));
            }
            columns.into_iter().for_each(|column| is_used[column as usize] = true);
            fields.push(FieldExplanation {
                field: field.spec.name,
                origin: field.origin,
                from,
                is_required: field.spec.is_required,
                meaning: field.spec.meaning,
            });
        }
        let names = self.columns().names().iter().zip(is_used);
        let unused_columns =
            names.filter(|(_, is_used)| !is_used).map(|(name, _)| name.clone()).collect();
        Explanation { fields, unused_columns }
    }
}
