//! `/oauth2/token`: an application exchanges a code, or renews its access.
//!
//! Which bodies failures have is not published; here they have the standard envelope.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use bytes::Bytes;
use serde::Deserialize;

use super::authority::{Authority, Issued};
use super::client::{is_same, verifies};
use super::{Flow, scopes};
use crate::square::api::{ApiError, json_response};
use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::simulation::Simulation;

/// The longest client id.
const LONGEST_CLIENT_ID: usize = 191;

/// What an application sends.
#[derive(Debug, Deserialize)]
struct TokenRequest {
    client_id: Option<String>,
    client_secret: Option<String>,
    grant_type: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    short_lived: bool,
}

/// Answers with tokens.
pub(super) async fn obtain(
    State(simulation): State<Arc<Simulation>>,
    body: Bytes,
) -> Response<Body> {
    match answer(&simulation, &body) {
        Ok(issued) => json_response(200, document(&issued)),
        Err(error) => error.response(),
    }
}

fn answer(simulation: &Simulation, body: &[u8]) -> Result<Issued, ApiError> {
    let request: TokenRequest = serde_json::from_slice(body)
        .map_err(|_| ApiError::invalid("EXPECTED_JSON_BODY", "The body is not JSON.", None))?;
    let client_id = required(request.client_id.as_deref(), "client_id")?;
    if client_id.len() > LONGEST_CLIENT_ID {
        return Err(ApiError::invalid("VALUE_TOO_LONG", "At most 191 letters.", Some("client_id")));
    }
    let mut authority = simulation.authority();
    let application = authority
        .application(client_id)
        .ok_or_else(|| ApiError::unauthorized("There is no such application."))?;
    let secret = authority.applications[usize::from(application)].client_secret.clone();
    let has_secret = match request.client_secret.as_deref() {
        None => false,
        Some(given) if is_same(given, &secret) => true,
        Some(_) => return Err(ApiError::unauthorized("The client secret is wrong.")),
    };
    let client = (application, has_secret);
    let now = simulation.clock.now();
    match required(request.grant_type.as_deref(), "grant_type")? {
        "authorization_code" => exchange(&mut authority, &request, client, now),
        "refresh_token" => renew(&mut authority, &request, client, now),
        "migration_token" => Err(ApiError::not_implemented("Migration tokens are not simulated.")),
        _ => Err(ApiError::invalid("INVALID_VALUE", "No such grant type.", Some("grant_type"))),
    }
}

fn exchange(
    authority: &mut Authority,
    request: &TokenRequest,
    (application, has_secret): (u8, bool),
    now: Moment,
) -> Result<Issued, ApiError> {
    let text = required(request.code.as_deref(), "code")?;
    let is_gone = || ApiError::unauthorized("The authorization code is invalid or has expired.");
    let code = authority.take_code(text, now).ok_or_else(is_gone)?;
    if code.access.application != application {
        return Err(is_gone());
    }
    if code.redirect_url.is_some() && code.redirect_url != request.redirect_uri {
        let detail = "Must be the one that the code was asked for with.";
        return Err(ApiError::invalid("INVALID_VALUE", detail, Some("redirect_uri")));
    }
    let flow = match (&code.challenge, request.code_verifier.as_deref()) {
        (Some(challenge), Some(verifier)) if verifies(verifier, challenge) => Flow::Pkce,
        (Some(_), Some(_)) => return Err(ApiError::unauthorized("The code verifier is wrong.")),
        (Some(_), None) => return Err(ApiError::missing("code_verifier")),
        (None, _) if has_secret => Flow::Code,
        (None, _) => return Err(ApiError::missing("client_secret")),
    };
    Ok(authority.issue(code.access, (flow, request.short_lived), now))
}

fn renew(
    authority: &mut Authority,
    request: &TokenRequest,
    (application, has_secret): (u8, bool),
    now: Moment,
) -> Result<Issued, ApiError> {
    let text = required(request.refresh_token.as_deref(), "refresh_token")?;
    let token = authority
        .refresh_token(text, now)
        .filter(|token| token.access.application == application)
        .ok_or_else(|| ApiError::unauthorized("The refresh token is invalid or has expired."))?;
    let mut access = token.access;
    if let Some(names) = &request.scopes {
        let wanted: Option<Vec<&'static str>> =
            names.iter().map(|name| scopes::known(name)).collect();
        let wanted = wanted.filter(|wanted| wanted.iter().all(|each| access.scopes.contains(each)));
        let detail = "Only what was consented to can be asked for.";
        let refused = || ApiError::invalid("INVALID_VALUE", detail, Some("scopes"));
        access.scopes = wanted.ok_or_else(refused)?;
    }
    match token.flow {
        Flow::Code if !has_secret => Err(ApiError::missing("client_secret")),
        Flow::Code => {
            let refresh = (text.to_owned(), token.expires);
            Ok(authority.issue_access(access, refresh, request.short_lived, now))
        }
        Flow::Pkce => {
            authority.spend(text);
            Ok(authority.issue(access, (Flow::Pkce, request.short_lived), now))
        }
    }
}

fn document(issued: &Issued) -> Vec<u8> {
    Json::document(|json| {
        json.text("access_token", &issued.access_token);
        json.text("token_type", "bearer");
        json.text("expires_at", &seconds(issued.expires));
        json.text("merchant_id", &issued.access.merchant_id);
        json.text("refresh_token", &issued.refresh_token);
        json.flag("short_lived", issued.is_short);
        if issued.refresh_expires.is_set() {
            json.text("refresh_token_expires_at", &seconds(issued.refresh_expires));
        }
    })
}

/// Writes a time without milliseconds, as tokens have it.
pub(super) fn seconds(moment: Moment) -> String {
    format!("{}Z", &moment.to_string()[..19])
}

fn required<'f>(field: Option<&'f str>, name: &'static str) -> Result<&'f str, ApiError> {
    field.filter(|text| !text.is_empty()).ok_or_else(|| ApiError::missing(name))
}
