//! Looks into a file without importing it, for `--dry-run`.

use std::path::Path;

use serde_json::Value;
use shelfops_ingest::Stream;
use shelfops_ingest::quarantine::Position;
use shelfops_ingest::records::Draft;
use shelfops_ingest::source::{Malformed, SourceError};
use shelfops_ingest::values::{Conventions, ValueKind, parse_date, parse_time};

use super::mapping::ColumnPlan;
use super::open::{Opened, open};
use super::{
    Explanation, FileDescription, FileSource, Mapping, MappingError, OpenError, ReadOptions,
    TimeFormatHint, suggest_time_format,
};

/// What a file is, how its columns would be read, and its first records.
pub struct Inspection {
    /// What the file was found to be.
    pub file: FileDescription,
    /// Where each field comes from.
    pub explanation: Explanation,
    /// The mapping that spells out every choice, to be saved and edited.
    pub mapping: Mapping,
    /// Why the file cannot be imported yet, when required fields have no column.
    pub problem: Option<MappingError>,
    /// The first records.
    pub records: Vec<InspectedRecord>,
    /// Why there are not more of them, when reading failed among the first.
    pub failure: Option<SourceError>,
    /// How the first records seem to write times, where the convention does not read them.
    pub time_format_hint: Option<TimeFormatHint>,
}

/// One of the first records.
pub struct InspectedRecord {
    /// Where it stands.
    pub position: Position,
    /// What the file says.
    pub raw: Value,
    /// What is read from it: to be judged by the rules.
    pub draft: Result<Draft, Malformed>,
}

impl FileSource {
    /// Looks into a file: its first `record_count` records, from the start. Blocks as
    /// [`FileSource::open`] does.
    ///
    /// # Errors
    /// Fails as [`FileSource::open`] does, except that required fields without a column are
    /// told in [`Inspection::problem`].
    pub fn inspect(
        path: &Path,
        stream: Stream,
        options: &ReadOptions,
        record_count: usize,
    ) -> Result<Inspection, OpenError> {
        let from_start = ReadOptions { resume: None, ..options.clone() };
        let Opened { description, plan, advice, mut reader, .. } = open(path, stream, &from_start)?;
        let mut records = Vec::new();
        let mut failure = None;
        while records.len() < record_count {
            let block = match reader.next_block() {
                Ok(Some(block)) => block,
                Ok(None) => break,
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            };
            let left = record_count - records.len();
            records.extend(block.drafts.into_iter().enumerate().take(left).map(
                |(index, draft)| InspectedRecord {
                    position: block.raw.position(index),
                    raw: block.raw.raw(index),
                    draft,
                },
            ));
        }
        let time_format_hint = time_format_hint(&plan, &records, &reader.conventions);
        Ok(Inspection {
            file: description,
            explanation: plan.explain(),
            mapping: plan.effective_mapping(&options.mapping, &reader.conventions),
            problem: plan.require_complete(advice).err(),
            records,
            failure,
            time_format_hint,
        })
    }
}

/// Suggests a style for the times, if that of the conventions does not read them all.
fn time_format_hint(
    plan: &ColumnPlan,
    records: &[InspectedRecord],
    conventions: &Conventions,
) -> Option<TimeFormatHint> {
    let is_read = |kind: ValueKind, text: &str| {
        let format = conventions.time_format;
        if kind == ValueKind::Date {
            parse_date(text, format).is_ok()
        } else {
            parse_time(text, format, conventions.zones.zone_of(None)).is_ok()
        }
    };
    for (spec, columns) in plan.columns_of_fields() {
        let (ValueKind::Time | ValueKind::Date, [column]) = (spec.kind, columns.as_slice()) else {
            continue;
        };
        let name = &plan.columns().names()[*column as usize];
        let texts = records.iter().filter_map(|record| record.raw.get(name));
        let samples: Vec<String> = texts
            .filter_map(|value| match value {
                Value::String(text) => Some(text.trim().to_owned()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .filter(|text| !text.is_empty())
            .collect();
        if samples.iter().any(|text| !is_read(spec.kind, text)) {
            return suggest_time_format(samples.iter().map(String::as_str));
        }
    }
    None
}
