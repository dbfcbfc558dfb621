//! Refusals of the control endpoints.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::square::SquareError;

/// A refusal.
pub(super) struct Problem(SquareError);

impl From<SquareError> for Problem {
    fn from(error: SquareError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = match &self.0 {
            SquareError::Unknown { .. } => StatusCode::NOT_FOUND,
            SquareError::Ended(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        (status, Json(json!({ "error": self.0.to_string() }))).into_response()
    }
}
