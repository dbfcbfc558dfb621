//! Takes a consistent sample: the schema, and some of the rows under one snapshot.
//!
//! Rows are chosen at the tables that have the chosen column, or at the large ones. Rows of tables that
//! refer to those follow by their keys, and what any copied row refers to is fetched. The foreign keys,
//! which the copy gets last, prove it.

mod portion;
mod rows;
mod schema;
mod upkeep;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use shelfops_connection::Address;

use super::error::doing;
use super::{APPLICATION, Copied, CopyError};
use crate::rehearsal::programs::Programs;
use crate::rehearsal::progress::{Progress, Watch};
use crate::rehearsal::tables::{references, tables};
use portion::portions;
use rows::{Rows, Snapshot};

/// A table with fewer rows is copied whole, unless rows of it belong to somebody.
const WHOLE_ROWS: i64 = 10_000;

/// What is sampled.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Which rows.
    pub choice: Choice,
    /// Where the schema comes from.
    pub schema: SampleSchema,
}

/// Which rows are taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Those that have one of the values in a column of that name, in every table that has it.
    Values {
        /// The column.
        column: String,
        /// The values, as text.
        values: Vec<String>,
    },
    /// So many of a hundred of large tables.
    Percent(f64),
}

/// Where a copy's schema comes from.
#[derive(Clone)]
pub enum SampleSchema {
    /// From a dump of the source's.
    Dumped,
    /// From a function that builds it in an empty database. What is not in both is not copied.
    Prepared(Arc<Prepare>),
}

/// Builds a schema in the empty database at an address.
pub type Prepare =
    dyn Fn(String) -> BoxFuture<'static, Result<(), Box<dyn Error + Send + Sync>>> + Send + Sync;

impl fmt::Debug for SampleSchema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Dumped => "Dumped",
            Self::Prepared(_) => "Prepared",
        })
    }
}

/// From where to where.
pub(super) struct Ends<'e> {
    pub(super) programs: &'e Programs,
    pub(super) source: &'e Address,
    pub(super) copy: &'e Address,
    pub(super) watch: Watch<'e>,
}

/// Fills an empty copy, and returns how many rows of each table it has.
pub(super) async fn take(ends: &Ends<'_>, sample: &Sample) -> Result<Vec<Copied>, CopyError> {
    judge(&sample.choice)?;
    let snapshot = Snapshot::take(ends.source).await?;
    let found = tables(snapshot.client()).await.map_err(doing("list the tables"))?;
    let references = references(snapshot.client()).await.map_err(doing("list the foreign keys"))?;
    let portions = portions(&found, &references, &sample.choice);
    if let Choice::Values { column, .. } = &sample.choice
        && !found.iter().any(|table| table.column(column).is_some())
    {
        let reason = format!("no table has a column {column}");
        return Err(CopyError::Unsampleable { reason });
    }
    (ends.watch)(Progress::begun("building the copy's schema"));
    let schema = schema::begin(ends, &snapshot, &found, &sample.schema).await?;
    let target = ends.copy.connect(APPLICATION).await.map_err(|source| CopyError::Unreachable {
        database: ends.copy.database().to_owned(),
        source,
    })?;
    let known = tables(&target).await.map_err(doing("list the copy's tables"))?;
    let mut rows = Rows::new(&snapshot, &target, &found, &known, ends.watch);
    if schema.is_complete() {
        rows.make_room().await?;
    }
    rows.copy(&portions, &references, &sample.choice).await?;
    rows.fetch_references(&portions, &references, &sample.choice).await?;
    let copied = rows.into_copied();
    schema.finish(ends).await?;
    upkeep::sequences(&snapshot, &target).await?;
    upkeep::views(&snapshot, &target).await?;
    snapshot.end().await;
    Ok(copied)
}

fn judge(choice: &Choice) -> Result<(), CopyError> {
    let reason = match choice {
        Choice::Percent(percent) if !(*percent > 0.0 && *percent <= 100.0) => {
            format!("{percent} is no percentage: say one above 0, up to 100")
        }
        Choice::Values { values, .. } if values.is_empty() => "no value was chosen".to_owned(),
        Choice::Percent(_) | Choice::Values { .. } => return Ok(()),
    };
    Err(CopyError::Unsampleable { reason })
}
