//! A company that delivers.

use serde::Deserialize;

use super::Address;

/// A company that delivers.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::square) struct Vendor {
    pub(in crate::square) id: Option<String>,
    pub(in crate::square) name: Option<String>,
    pub(in crate::square) updated_at: Option<String>,
    pub(in crate::square) address: Option<Address>,
    pub(in crate::square) contacts: Option<Vec<Contact>>,
}

/// Somebody who works there.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::square) struct Contact {
    pub(in crate::square) email_address: Option<String>,
}
