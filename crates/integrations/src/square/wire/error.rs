//! The envelope of refusals; a 200 can carry one too.

use serde::Deserialize;

/// What went wrong, first things first.
#[derive(Debug, Default, Deserialize)]
pub(in crate::square) struct Errors {
    #[serde(default)]
    pub(in crate::square) errors: Option<Vec<ApiError>>,
}

/// One thing that went wrong. Its `detail` is left out: it may quote what we sent.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::square) struct ApiError {
    #[serde(default)]
    pub(in crate::square) category: Option<String>,
    #[serde(default)]
    pub(in crate::square) code: Option<String>,
    #[serde(default)]
    pub(in crate::square) field: Option<String>,
}
