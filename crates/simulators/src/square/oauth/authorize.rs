//! `/oauth2/authorize`: an application sends a merchant here, the merchant consents or not, and is
//! sent back with a code or an error.

use std::sync::Arc;

use axum::Form;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, Response, StatusCode};
use reqwest::Url;

use super::page::{Question, ask, refuse};
use super::{Access, scopes};
use crate::square::config::Environment;
use crate::square::simulation::Simulation;

/// The names and values of a request.
type Fields = Vec<(String, String)>;

/// What an application asks for, once it is known to be allowed to ask.
struct Request {
    application: u8,
    scopes: Vec<&'static str>,
    /// Where to send the merchant.
    redirect: Url,
    /// The redirect URL as the request named it, if it did.
    named_redirect: Option<String>,
    state: Option<String>,
    challenge: Option<String>,
}

/// Shows the page, or answers for the merchant that consents to everything.
pub(super) async fn show(
    State(simulation): State<Arc<Simulation>>,
    Query(fields): Query<Fields>,
) -> Response<Body> {
    let request = match read(&simulation, &fields) {
        Ok(request) => request,
        Err(problem) => return refuse(&problem),
    };
    if let Some(merchant_id) = &simulation.config.auto_approve {
        return consent(&simulation, request, merchant_id);
    }
    let application = &simulation.config.applications[usize::from(request.application)];
    let merchants = simulation.config.merchants.iter();
    let question = Question {
        application: &application.name,
        scopes: &request.scopes,
        merchants: merchants.map(|each| (each.id.as_str(), each.business_name.as_str())).collect(),
        fields: &fields,
    };
    ask(&question)
}

/// Takes the merchant's answer.
pub(super) async fn decide(
    State(simulation): State<Arc<Simulation>>,
    Form(fields): Form<Fields>,
) -> Response<Body> {
    let request = match read(&simulation, &fields) {
        Ok(request) => request,
        Err(problem) => return refuse(&problem),
    };
    if field(&fields, "decision") != Some("allow") {
        return back(request, &[("error", "access_denied"), ("error_description", "user_denied")]);
    }
    let merchant_id = field(&fields, "merchant_id").unwrap_or_default();
    if !simulation.config.merchants.iter().any(|each| each.id == merchant_id) {
        return refuse("There is no such business.");
    }
    consent(&simulation, request, merchant_id)
}

fn read(simulation: &Simulation, fields: &Fields) -> Result<Request, String> {
    let client_id = field(fields, "client_id").ok_or("client_id is missing.")?;
    let application =
        simulation.authority().application(client_id).ok_or("client_id names no application.")?;
    let is_production = simulation.config.environment == Environment::Production;
    let challenge = field(fields, "code_challenge").map(str::to_owned);
    if is_production && challenge.is_none() && field(fields, "session") != Some("false") {
        return Err("session must be false in production.".to_owned());
    }
    let registered = &simulation.config.applications[usize::from(application)].redirect_urls;
    let named = field(fields, "redirect_uri");
    let redirect = match named {
        Some(named) => registered.iter().find(|each| *each == named),
        None => registered.first(),
    };
    let redirect = redirect.ok_or("redirect_uri is not the one that is registered.")?;
    let redirect = Url::parse(redirect).map_err(|_| "The registered URL is no URL.")?;
    if is_production && redirect.scheme() != "https" {
        return Err("redirect_uri must be HTTPS in production.".to_owned());
    }
    let scopes = scopes::parse(field(fields, "scope"))
        .map_err(|name| format!("scope has {name}, which is no permission."))?;
    Ok(Request {
        application,
        scopes,
        redirect,
        named_redirect: named.map(str::to_owned),
        state: field(fields, "state").map(str::to_owned),
        challenge,
    })
}

fn consent(simulation: &Simulation, request: Request, merchant_id: &str) -> Response<Body> {
    let access = Access {
        application: request.application,
        merchant_id: merchant_id.to_owned(),
        scopes: request.scopes.clone(),
    };
    let bound = (request.named_redirect.clone(), request.challenge.clone());
    let code = simulation.authority().issue_code(access, bound, simulation.clock.now());
    back(request, &[("code", &code), ("response_type", "code")])
}

/// Sends the merchant back to the application.
fn back(request: Request, fields: &[(&str, &str)]) -> Response<Body> {
    let mut url = request.redirect;
    {
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs(fields);
        if let Some(state) = &request.state {
            pairs.append_pair("state", state);
        }
    }
    match HeaderValue::from_str(url.as_str()) {
        Ok(location) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert(LOCATION, location);
            response
        }
        Err(_) => refuse("The registered URL is no URL."),
    }
}

fn field<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
}
