//! Who owns a record, and which of the owner's systems it came from.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The tenant: the retailer that owns rows. Column `customer_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(Uuid);

impl CustomerId {
    /// Wraps an id that was read from the tenant directory.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Makes the id of a new tenant.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// Returns the id as the database stores it.
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Names one of a tenant's systems; a vendor's ids are unique within it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(CompactString);

/// A source name that the rules for names refuse.
#[derive(Debug, thiserror::Error)]
#[error(
    "'{0}' cannot name a source: use 1 to 63 lower-case letters, digits, '-' and '_', a letter first"
)]
pub struct SourceNameError(String);

impl SourceName {
    /// Accepts 1 to 63 lower-case letters, digits, `-` and `_`, starting with a letter.
    ///
    /// # Errors
    /// Refuses anything else: the name is part of every natural key and of log lines.
    pub fn parse(raw: &str) -> Result<Self, SourceNameError> {
        let well_formed = raw.len() <= 63
            && raw.starts_with(|first: char| first.is_ascii_lowercase())
            && raw.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
            });
        if well_formed { Ok(Self(raw.into())) } else { Err(SourceNameError(raw.to_owned())) }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl TryFrom<String> for SourceName {
    type Error = SourceNameError;

    fn try_from(raw: String) -> Result<Self, SourceNameError> {
        Self::parse(&raw)
    }
}

impl From<SourceName> for String {
    fn from(name: SourceName) -> Self {
        name.0.into()
    }
}
