//! Reconciles how the mapping says values are written with columns that hold typed values.

use shelfops_ingest::values::{Conventions, NumberFormat, TimeFormat, ValueKind};

use super::schema::ParquetSchema;
use crate::file::mapping::ColumnPlan;

/// Adapts the conventions to typed columns: their times and numbers were written as text by this
/// module, so that the mapping's styles only concern columns of text.
///
/// # Errors
/// Says so when a style would be right for one column and wrong for another.
pub(crate) fn settle_conventions(
    plan: &ColumnPlan,
    schema: &ParquetSchema,
    conventions: &mut Conventions,
) -> Result<(), String> {
    let columns_of = |wanted: fn(ValueKind) -> bool| -> Vec<u32> {
        plan.columns_of_fields()
            .filter(|(spec, _)| wanted(spec.kind))
            .flat_map(|(_, columns)| columns)
            .collect()
    };
    let times = columns_of(|kind| matches!(kind, ValueKind::Time | ValueKind::Date));
    let has_typed_time = times.iter().any(|column| schema.is_time(*column));
    if has_typed_time && conventions.time_format != TimeFormat::Iso {
        if times.iter().any(|column| !schema.is_time(*column)) {
            return Err(mixed("times", "time_format"));
        }
        conventions.time_format = TimeFormat::Iso;
    }
    let numbers = columns_of(|kind| kind == ValueKind::Number);
    let has_typed_number = numbers.iter().any(|column| !schema.is_text(*column));
    if has_typed_number && conventions.number_format != NumberFormat::Plain {
        if numbers.iter().any(|column| schema.is_text(*column)) {
            return Err(mixed("numbers", "number_format"));
        }
        conventions.number_format = NumberFormat::Plain;
    }
    Ok(())
}

fn mixed(what: &str, setting: &str) -> String {
    format!(
        "the mapping's {setting} would fit columns of text only, but some {what} stand in typed \
         columns: leave {setting} out and write the others plainly"
    )
}
