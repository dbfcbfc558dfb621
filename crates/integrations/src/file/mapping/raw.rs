//! Reads records again that were kept as JSON, such as those in quarantine.

use serde_json::Value;
use shelfops_ingest::Stream;
use shelfops_ingest::records::Draft;
use shelfops_ingest::source::Malformed;
use shelfops_ingest::values::Conventions;

use super::{ColumnPlan, Columns, Completeness, Mapping, MappingError, Scratch};
use crate::file::json_lines::flat_fields;
use crate::file::records::storable;

/// Reads records of one stream from the JSON that [`RawRecords::raw`] made of them.
///
/// Built from [`FileSource::effective_mapping`] it reads each record as the file's own reader did;
/// from a user's mapping it guesses anew, by the columns of each record alone.
///
/// [`FileSource::effective_mapping`]: crate::file::FileSource::effective_mapping
/// [`RawRecords::raw`]: shelfops_ingest::source::RawRecords::raw
pub struct RawMapper {
    mapping: Mapping,
    stream: Stream,
    conventions: Conventions,
}

impl RawMapper {
    /// Prepares to read records; `defaults` say what the mapping leaves open.
    ///
    /// # Errors
    /// Fails when the mapping names a field that the stream's records do not have.
    pub fn new(
        mapping: &Mapping,
        stream: Stream,
        defaults: &Conventions,
    ) -> Result<Self, MappingError> {
        let conventions = mapping.conventions(defaults);
        let columns = Columns::new([""; 0], Completeness::Record);
        ColumnPlan::resolve(mapping, stream, columns, &conventions)?;
        Ok(Self { mapping: mapping.clone(), stream, conventions })
    }

    /// Reads one record.
    ///
    /// # Errors
    /// Fails when `raw` is text that could not be taken apart in the first place, or when the
    /// mapping does not say which of several columns is meant.
    pub fn draft(&self, raw: &Value) -> Result<Draft, Malformed> {
        let Value::Object(object) = raw else {
            let reason = "it was kept as text because it could not be taken apart: mend the \
                          source and import it again"
                .to_owned();
            return Err(Malformed { reason });
        };
        let (names, values): (Vec<String>, Vec<Option<String>>) =
            flat_fields(&storable::restored(object)).into_iter().unzip();
        let columns = Columns::new(names, Completeness::Record);
        let plan = ColumnPlan::resolve(&self.mapping, self.stream, columns, &self.conventions)
            .map_err(|error| Malformed { reason: error.to_string() })?;
        let value = |column: u32| values.get(column as usize)?.as_deref();
        Ok(plan.draft(value, &mut Scratch::default(), &self.conventions))
    }
}

/// Reads one record from the JSON that was kept of it; see [`RawMapper`] for many.
///
/// # Errors
/// Fails as [`RawMapper::draft`] does, and when the mapping does not fit the stream.
pub fn draft_from_raw(
    raw: &Value,
    mapping: &Mapping,
    stream: Stream,
    defaults: &Conventions,
) -> Result<Draft, Malformed> {
    RawMapper::new(mapping, stream, defaults)
        .map_err(|error| Malformed { reason: error.to_string() })?
        .draft(raw)
}
