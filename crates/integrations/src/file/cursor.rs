//! Where reading a file resumes.

use serde::{Deserialize, Serialize};
use shelfops_ingest::cursor::Cursor;

/// Where the next record of a file stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileCursor {
    /// How many records stand before it.
    pub(crate) record: u64,
    /// Where it stands, for a file in which one can jump there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Place>,
}

/// A place in a text file that is neither compressed nor recoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// How many bytes stand before it.
    pub(crate) byte: u64,
    /// How many lines stand before it.
    pub(crate) line: u64,
}

impl From<FileCursor> for Cursor {
    fn from(cursor: FileCursor) -> Self {
        // Three numbers always make JSON.
        Self::new(serde_json::to_value(cursor).unwrap_or_default())
    }
}

impl FileCursor {
    /// Reads a cursor that this module made; the null cursor of a run without records is the
    /// start.
    ///
    /// # Errors
    /// Fails when another source made it.
    pub(crate) fn read(cursor: &Cursor) -> Result<Self, serde_json::Error> {
        if cursor.state().is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(cursor.state())
    }
}
