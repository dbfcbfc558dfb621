//! A place of business.

use serde::Deserialize;

/// A place of business; it has no time of its last change.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::square) struct Location {
    pub(in crate::square) id: Option<String>,
    pub(in crate::square) name: Option<String>,
    #[serde(rename = "type")]
    pub(in crate::square) kind: Option<String>,
    pub(in crate::square) timezone: Option<String>,
    pub(in crate::square) currency: Option<String>,
    pub(in crate::square) country: Option<String>,
    pub(in crate::square) address: Option<Address>,
}

/// Where something is.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::square) struct Address {
    pub(in crate::square) locality: Option<String>,
    pub(in crate::square) administrative_district_level_1: Option<String>,
    pub(in crate::square) country: Option<String>,
}
