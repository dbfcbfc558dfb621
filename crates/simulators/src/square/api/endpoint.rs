//! What an endpoint is: where it is, what it needs, how it answers.

use axum::http::Method;

use super::{ApiError, Call};

/// How an endpoint answers: with a JSON document, or an error.
pub(crate) type Answer = Result<Vec<u8>, ApiError>;

/// An endpoint that reads a merchant's records.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// The permission that the token must have.
    pub(crate) scope: &'static str,
    pub(crate) answer: fn(&Call<'_>) -> Answer,
}

impl Endpoint {
    /// Describes an endpoint that takes its request in the query.
    pub(super) const fn get(
        path: &'static str,
        scope: &'static str,
        answer: fn(&Call<'_>) -> Answer,
    ) -> Self {
        Self { method: Method::GET, path, scope, answer }
    }

    /// Describes an endpoint that takes its request in the body.
    pub(super) const fn post(
        path: &'static str,
        scope: &'static str,
        answer: fn(&Call<'_>) -> Answer,
    ) -> Self {
        Self { method: Method::POST, path, scope, answer }
    }
}
