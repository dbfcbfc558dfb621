//! Where reading resumes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a source resumes reading: opaque to everyone but the source that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Value);

impl Cursor {
    /// Wraps what the source wants to be given back.
    pub const fn new(state: Value) -> Self {
        Self(state)
    }

    /// Returns what the source stored.
    pub const fn state(&self) -> &Value {
        &self.0
    }
}
