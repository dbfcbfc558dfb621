//! Puts the text of each field together for one record, without allocating for it.

use rust_decimal::Decimal;
use shelfops_ingest::records::Draft;
use shelfops_ingest::values::{Conventions, NumberFormat, parse_number};

use super::plan::{ColumnPlan, Computed, TemplatePart, TextFrom};

/// Text that was put together for the record at hand; kept to be used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    text: String,
    spans: Vec<Option<(usize, usize)>>,
}

impl ColumnPlan {
    /// Reads a draft; `value` answers the text of a column by its number.
    pub(crate) fn draft<'v>(
        &'v self,
        value: impl Fn(u32) -> Option<&'v str>,
        scratch: &'v mut Scratch,
        conventions: &Conventions,
    ) -> Draft {
        scratch.text.clear();
        scratch.spans.clear();
        for computed in &self.computed {
            let start = scratch.text.len();
            let is_told = match computed {
                Computed::Template(parts) => fill_template(parts, &value, &mut scratch.text),
                Computed::Sum(columns) => {
                    sum(columns, &value, conventions.number_format, &mut scratch.text)
                }
            };
            scratch.spans.push(is_told.then_some((start, scratch.text.len())));
        }
        let scratch: &'v Scratch = scratch;
        let text_of = |field: usize| match &self.fields[field].text {
            TextFrom::Column(column) => value(*column),
            TextFrom::Nothing => None,
            TextFrom::Constant(text) => Some(text.as_str()),
            TextFrom::Computed(index) => {
                scratch.spans[*index].map(|(start, end)| &scratch.text[start..end])
            }
            TextFrom::FirstOf { columns, words } => {
                let told = columns.iter().find_map(|column| told(value(*column)))?;
                Some(words.get(told).map_or(told, String::as_str))
            }
        };
        Draft::read(self.stream, text_of, conventions)
    }
}

/// Returns the text without the blanks around it, if anything remains.
fn told(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Appends the filled template; false when a part that it needs is absent.
fn fill_template<'v>(
    parts: &[TemplatePart],
    value: &impl Fn(u32) -> Option<&'v str>,
    text: &mut String,
) -> bool {
    for part in parts {
        match part {
            TemplatePart::Literal(literal) => text.push_str(literal),
            TemplatePart::Column { column, is_optional } => match told(value(*column)) {
                Some(told) => text.push_str(told),
                None if *is_optional => {}
                None => return false,
            },
        }
    }
    true
}

/// Appends the exact sum of what the columns say; false when none says anything.
///
/// A column that says no number is passed on in place of the sum, so that the rule for numbers
/// shows it to the user.
fn sum<'v>(
    columns: &[u32],
    value: &impl Fn(u32) -> Option<&'v str>,
    format: NumberFormat,
    text: &mut String,
) -> bool {
    use std::fmt::Write as _;
    let start = text.len();
    let mut total: Option<Decimal> = None;
    for column in columns {
        let Some(told) = told(value(*column)) else { continue };
        let added = parse_number(told, format).ok().map(|number| {
            total.unwrap_or_default().checked_add(number).ok_or("a sum beyond 28 digits")
        });
        match added {
            Some(Ok(sum)) => total = Some(sum),
            Some(Err(reason)) => {
                text.push_str(reason);
                return true;
            }
            None => {
                text.push_str(told);
                return true;
            }
        }
    }
    let Some(total) = total else { return false };
    // Writing to a String cannot fail.
    let _ = write!(text, "{total}");
    // The sum is read again as the file writes numbers.
    if format == NumberFormat::PointGroups
        && let Some(point) = text[start..].find('.')
    {
        text.replace_range(start + point..=start + point, ",");
    }
    true
}
