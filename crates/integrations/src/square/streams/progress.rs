//! Where a list stands that is read from page to page and has no order to rely on.

use serde::{Deserialize, Serialize};

/// A page within a list; none at its beginning.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListProgress {
    /// The vendor's word for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<String>,
}

/// Refuses a list that goes on where it already is: it would never end.
///
/// # Errors
/// Says so.
pub(super) fn next_page(
    before: Option<&str>,
    next: Option<String>,
) -> Result<Option<String>, String> {
    match next {
        Some(next) if Some(next.as_str()) == before => {
            Err("it says that it goes on with itself".to_owned())
        }
        next => Ok(next),
    }
}
