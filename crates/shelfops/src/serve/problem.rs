//! Refusals and failures as `application/problem+json` (RFC 9457).
//!
//! What a client reads is written for it. Why something failed inside goes to the log, under the
//! request's id; only the operator is told both.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use shelfops_db::DbError;

use super::request_id::RequestId;
use crate::ops::error::ErrorKind;
use crate::ops::{OpError, Principal};

/// How problems are written.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// How long to wait for a database that is not there, or for a vendor that has not said how long.
const RETRY_SECONDS: u64 = 5;

/// A refusal or a failure.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    header: Option<Box<(HeaderName, HeaderValue)>>,
    more: Vec<(&'static str, Value)>,
}

impl Problem {
    /// Makes one. `kind` is what programs may decide by.
    pub(super) fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), header: None, more: Vec::new() }
    }

    /// Nobody asks, or nobody known; `challenge` says how to.
    pub(super) fn unauthorized(detail: &str, challenge: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// The key asks too often.
    pub(super) fn too_many_requests(wait_seconds: u64) -> Self {
        let detail = format!("the key asks too often; wait {wait_seconds} s");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate-limited", detail)
            .header(RETRY_AFTER, HeaderValue::from(wait_seconds))
    }

    /// What a failure of an operation is to who asked for it. Failures inside are logged here.
    pub(super) fn of_operation(error: &OpError, principal: &Principal) -> Self {
        let kind = error.kind().name();
        let status = match error.kind() {
            ErrorKind::Usage => StatusCode::BAD_REQUEST,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict | ErrorKind::ApprovalNeeded | ErrorKind::ReconnectNeeded => {
                StatusCode::CONFLICT
            }
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::VendorTrouble => StatusCode::BAD_GATEWAY,
            ErrorKind::DependencyDown | ErrorKind::VendorDown => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let reasons = error.with_reasons();
        if error.kind() == ErrorKind::ReconnectNeeded {
            return Self::new(status, kind, reasons);
        }
        if !status.is_server_error() {
            return Self::new(status, kind, error.to_string());
        }
        tracing::error!(error = reasons, "an operation failed");
        let detail = match (principal, error.kind()) {
            // What a vendor did is no secret of ours, and its words are never quoted.
            (Principal::Operator, _) | (_, ErrorKind::VendorDown | ErrorKind::VendorTrouble) => {
                reasons
            }
            (_, ErrorKind::DependencyDown) => {
                "the database cannot be reached; try again".to_owned()
            }
            _ => "the operation failed; the server's log says why, under this request's id"
                .to_owned(),
        };
        let problem = Self::new(status, kind, detail);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let wait = error.asked_pause().map_or(RETRY_SECONDS, |pause| pause.as_secs().max(1));
            problem.header(RETRY_AFTER, HeaderValue::from(wait))
        } else {
            problem
        }
    }

    /// What a failure of the database is to somebody who is not known yet.
    pub(super) fn of_database(error: DbError) -> Self {
        OpError::from(error).into()
    }

    /// Adds a header.
    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }

    /// Adds a member to the document.
    pub(super) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }

    /// Writes the document.
    fn document(&self, request_id: &RequestId) -> Value {
        let mut document = json!({
            // RFC 9457 §4.2.1: nothing beyond what the status says, so its phrase is the title.
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "kind": self.kind,
            "request_id": request_id.as_str(),
        });
        for (name, value) in &self.more {
            document[*name] = value.clone();
        }
        document
    }
}

impl From<OpError> for Problem {
    /// To somebody who is not known yet.
    fn from(error: OpError) -> Self {
        let nobody =
            Principal::ApiKey { name: String::new(), tenant: String::new(), scopes: Vec::new() };
        Self::of_operation(&error, &nobody)
    }
}

impl IntoResponse for Problem {
    /// Leaves the document to [`render`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some((name, value)) = self.header.as_deref().cloned() {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes what a handler refused, and what the router refused before any handler saw it.
pub(super) fn render(mut response: Response, request_id: &RequestId) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None => match unhandled(&response) {
            Some(problem) => problem,
            None => return response,
        },
    };
    let body = problem.document(request_id).to_string();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.remove(CONTENT_LENGTH);
    *response.body_mut() = Body::from(body);
    response
}

/// The router's own refusals come without a word.
fn unhandled(response: &Response) -> Option<Problem> {
    let problem = match response.status() {
        status @ StatusCode::NOT_FOUND => {
            let detail =
                "there is nothing at this address; /api/v1/openapi.json lists what there is";
            Problem::new(status, "not-found", detail)
        }
        status @ StatusCode::METHOD_NOT_ALLOWED => {
            let detail = "this address is not asked in this way; the header 'allow' says how";
            Problem::new(status, "method-not-allowed", detail)
        }
        _ => return None,
    };
    (!response.headers().contains_key(CONTENT_TYPE)).then_some(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> Principal {
        Principal::ApiKey { name: "till".to_owned(), tenant: "acme".to_owned(), scopes: Vec::new() }
    }

    #[test]
    fn kinds_of_errors_are_statuses() {
        for (error, status) in [
            (OpError::usage("x"), 400),
            (OpError::forbidden("x"), 403),
            (OpError::not_found("x"), 404),
            (OpError::failed("x"), 500),
        ] {
            assert_eq!(Problem::of_operation(&error, &tenant()).status.as_u16(), status);
        }
    }

    #[test]
    fn a_vendors_trouble_is_told_as_the_vendors_to_whoever_asks() {
        for (kind, status) in [
            (ErrorKind::VendorDown, 503),
            (ErrorKind::VendorTrouble, 502),
            (ErrorKind::ReconnectNeeded, 409),
        ] {
            let cause = std::io::Error::other("the vendor wants fewer calls");
            let error = OpError::from_error(kind, Outer(cause));
            let error = error.with_pause(Some(std::time::Duration::from_secs(90)));
            let told = Problem::of_operation(&error, &tenant());
            assert_eq!((told.status.as_u16(), told.kind), (status, kind.name()));
            assert!(told.detail.contains("could not fetch orders"), "{told:?}");
            assert!(told.detail.contains("wants fewer calls"), "{told:?}");
            assert!(!told.detail.contains("database"), "{told:?}");
            let wait = told.header.map(|header| header.1);
            assert_eq!(wait, (status == 503).then(|| HeaderValue::from(90)));
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("could not fetch orders")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn what_failed_inside_is_told_to_the_operator_alone() {
        let error = OpError::failed("relation secret_table does not exist");
        let told = Problem::of_operation(&error, &tenant());
        assert!(!told.detail.contains("secret_table"), "{told:?}");
        let told = Problem::of_operation(&error, &Principal::Operator);
        assert!(told.detail.contains("secret_table"), "{told:?}");
        // What was asked wrongly is told to who asked.
        let told = Problem::of_operation(&OpError::usage("no JSON"), &tenant());
        assert_eq!(told.detail, "no JSON");
    }
}
