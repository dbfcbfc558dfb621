//! Errors as the vendor writes them: `{"errors":[{category, code, detail, field}]}`.

use axum::body::Body;
use axum::http::Response;

use super::json_response;
use crate::square::json::Json;
use crate::square::oauth::TokenFault;

/// An error that a client gets to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: u16,
    category: &'static str,
    code: &'static str,
    detail: String,
    field: Option<String>,
}

impl ApiError {
    fn new(status: u16, category: &'static str, code: &'static str, detail: &str) -> Self {
        Self { status, category, code, detail: detail.to_owned(), field: None }
    }

    /// The request is wrong, and would be wrong again.
    pub(crate) fn invalid(code: &'static str, detail: &str, field: Option<&str>) -> Self {
        let field = field.map(str::to_owned);
        Self { field, ..Self::new(400, "INVALID_REQUEST_ERROR", code, detail) }
    }

    /// A field is missing.
    pub(crate) fn missing(field: &str) -> Self {
        let detail = format!("Missing required parameter: {field}.");
        Self::invalid("MISSING_REQUIRED_PARAMETER", &detail, Some(field))
    }

    /// A cursor is old, or belongs to another request.
    pub(crate) fn invalid_cursor() -> Self {
        let detail = "The cursor has expired or belongs to another request.";
        Self::invalid("INVALID_CURSOR", detail, Some("cursor"))
    }

    /// Nobody knows who asks.
    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", detail)
    }

    /// An access token opens nothing.
    pub(crate) fn for_token(fault: TokenFault) -> Self {
        let (code, detail) = match fault {
            TokenFault::Unknown => ("UNAUTHORIZED", "This request could not be authorized."),
            TokenFault::Expired => ("ACCESS_TOKEN_EXPIRED", "The access token has expired."),
            TokenFault::Revoked => ("ACCESS_TOKEN_REVOKED", "The access token was revoked."),
        };
        Self::new(401, "AUTHENTICATION_ERROR", code, detail)
    }

    /// The merchant did not consent to this.
    pub(crate) fn insufficient_scope(scope: &str) -> Self {
        let detail = format!("The merchant has not given the permission {scope}.");
        Self::new(403, "AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES", &detail)
    }

    /// There is nothing there.
    pub(crate) fn not_found(detail: &str) -> Self {
        Self::new(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", detail)
    }

    /// Too many requests.
    pub(crate) fn rate_limited() -> Self {
        let detail = "Rate limited, please try again later";
        Self::new(429, "RATE_LIMIT_ERROR", "RATE_LIMITED", detail)
    }

    /// The vendor's side is not well.
    pub(crate) fn server(status: u16) -> Self {
        let code = match status {
            408 => "REQUEST_TIMEOUT",
            501 => "NOT_IMPLEMENTED",
            503 => "SERVICE_UNAVAILABLE",
            504 => "GATEWAY_TIMEOUT",
            _ => "INTERNAL_SERVER_ERROR",
        };
        Self::new(status, "API_ERROR", code, "Something went wrong on our side.")
    }

    /// The vendor can do this and the simulator cannot.
    pub(crate) fn not_implemented(detail: &str) -> Self {
        Self::new(501, "API_ERROR", "NOT_IMPLEMENTED", detail)
    }

    /// Answers with the error.
    pub(crate) fn response(&self) -> Response<Body> {
        let document = Json::document(|json| {
            json.list("errors", [self], |json, error| json.object(|json| error.fields(json)));
        });
        json_response(self.status, document)
    }

    /// Writes the error's fields.
    pub(crate) fn fields(&self, json: &mut Json) {
        json.text("category", self.category);
        json.text("code", self.code);
        json.text("detail", &self.detail);
        json.optional("field", self.field.as_deref());
    }
}
