//! Records that may not enter a table, kept with the reason and everything needed to try again.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::values::Text;

/// Where in its source a record stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The record's number within its source, from 1.
    pub record: u64,
    /// The line of text it starts on, from 1, where the source has lines.
    pub line: Option<u64>,
}

/// A record that a rule refused.
#[derive(Clone, Debug, PartialEq)]
pub struct QuarantinedRecord {
    /// The name of the rule.
    pub rule: &'static str,
    /// What is wrong with this very record.
    pub reason: Cow<'static, str>,
    /// Where it stood.
    pub position: Position,
    /// The record as its source told it.
    pub raw: Value,
    /// The store, product or supplier that it waits for, if that is all that is wrong.
    pub missing_reference: Option<MissingReference>,
    /// The quarantined record that it was read from, when it is a replay.
    pub replay_of: Option<Uuid>,
}

impl QuarantinedRecord {
    /// Returns about how much memory it takes, in bytes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.reason.len() + memory_of(&self.raw)
    }
}

/// What a member of an object takes besides its name and its value: its place in the map.
const MEMBER_BYTES: usize = 48;

/// Returns about how much memory a record takes as JSON, in bytes: several times its text.
pub fn memory_of(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(memory_of).sum(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| MEMBER_BYTES + name.len() + memory_of(value))
                .sum(),
        }
}

/// A reference that a record makes and the tables do not know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MissingReference {
    /// What is missing.
    pub entity: ReferenceEntity,
    /// The source's id of it.
    pub external_id: Text,
}

/// What a record can refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceEntity {
    /// A store.
    Store,
    /// A product.
    Product,
    /// A supplier.
    Supplier,
}

impl ReferenceEntity {
    /// Every kind of reference.
    pub const ALL: [Self; 3] = [Self::Store, Self::Product, Self::Supplier];

    /// Returns the word stored in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Product => "product",
            Self::Supplier => "supplier",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::memory_of;

    #[test]
    fn many_short_fields_take_much_more_memory_than_their_text() {
        let fields = (0..1_000).map(|number| (format!("c{number}"), json!("1")));
        let record = serde_json::Value::Object(fields.collect());
        assert!(memory_of(&record) > 6 * record.to_string().len());
        assert!(memory_of(&json!(["ab", 1, null])) > memory_of(&json!(["a", 1, null])));
    }
}
