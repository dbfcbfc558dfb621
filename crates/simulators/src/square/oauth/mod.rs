//! How applications get to a merchant's records: consent, tokens, revocation.

mod authority;
mod authorize;
mod client;
mod minting;
mod page;
mod revoke;
mod routes;
mod scopes;
mod status;
mod token;

pub(crate) use authority::{Access, Authority, Flow, TokenFault};
pub(crate) use routes::routes;
pub(crate) use scopes::SCOPES;
