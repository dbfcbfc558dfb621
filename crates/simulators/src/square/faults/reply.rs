//! What a struck request gets to see.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;
use serde_json::Value;

use super::FaultKind;
use crate::square::api::ApiError;

/// The page that stands in front of the API when that is not well.
const PAGE: &str = "<!DOCTYPE html><html><head><title>Please wait</title></head><body>\
                    <h1>Checking your connection</h1><p>upstream connect error</p></body></html>";

/// Returns the answer that a fault gives instead of the right one, if it does.
pub(crate) fn short_circuit(fault: FaultKind) -> Option<Response<Body>> {
    match fault {
        FaultKind::RateLimited { retry_after_seconds } => {
            let mut response = ApiError::rate_limited().response();
            if let Some(seconds) = retry_after_seconds {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            Some(response)
        }
        FaultKind::ServerError { status } => Some(ApiError::server(status).response()),
        FaultKind::HtmlError { status } => Some(page(status)),
        FaultKind::HtmlSuccess => Some(page(200)),
        _ => None,
    }
}

/// Spoils the right answer, or holds it back.
pub(crate) async fn disturb(fault: FaultKind, answer: Response<Body>) -> Response<Body> {
    match fault {
        FaultKind::Slow { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            answer
        }
        FaultKind::CutConnection { after_bytes } => cut(answer, after_bytes).await,
        FaultKind::TruncatedJson => truncate(answer).await,
        FaultKind::RaisedTotals { amount } => raise_totals(answer, amount).await,
        _ => answer,
    }
}

fn page(status: u16) -> Response<Body> {
    let mut response = Response::new(Body::from(PAGE));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}

/// Announces the whole answer, sends a part of it and ends the connection.
async fn cut(answer: Response<Body>, after_bytes: usize) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let bytes = read(body).await;
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let part = bytes.slice(..after_bytes.min(bytes.len().saturating_sub(1)));
    let broken = io::Error::new(io::ErrorKind::ConnectionReset, "cut by the fault plan");
    let first = (!part.is_empty()).then_some(Ok(part));
    let stream = futures::stream::iter(first.into_iter().chain([Err(broken)]));
    Response::from_parts(head, Body::from_stream(stream))
}

async fn truncate(answer: Response<Body>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let bytes = read(body).await;
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(bytes.slice(..bytes.len() / 2)))
}

/// Adds an amount to what each order says that it comes to.
async fn raise_totals(answer: Response<Body>, amount: i64) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let bytes = read(body).await;
    let Ok(mut page) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(head, Body::from(bytes));
    };
    let orders = page.get_mut("orders").and_then(Value::as_array_mut);
    for order in orders.into_iter().flatten() {
        for total in ["/total_money/amount", "/net_amounts/total_money/amount"] {
            if let Some(told) = order.pointer_mut(total) {
                *told = told.as_i64().map_or(Value::Null, |told| Value::from(told + amount));
            }
        }
    }
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(page.to_string()))
}

/// Collects a body that is in memory already.
async fn read(body: Body) -> Bytes {
    axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default()
}
