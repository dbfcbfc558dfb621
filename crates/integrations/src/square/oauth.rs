//! OAuth as Square does it: with a secret, or with PKCE alone.
//!
//! With a secret the refresh token stays the same for ever; with PKCE each one works once.

use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{base_url, common_headers, first_error, judge, word_of};
use crate::http::{HttpAnswer, HttpClient, HttpRequest};
use crate::oauth::{
    App, AuthorizeRequest, CodeGrant, OAuthFlow, RevokedScope, TokenError, TokenPair, TokenStatus,
};

/// Why a grant is not given back with PKCE.
const ONLY_WITH_SECRET: &str = "because Square takes it from an application with a secret only, and ours has none: \
     the seller disconnects our application in the Square Dashboard, under App integrations";

/// Square's OAuth.
pub(super) struct SquareOAuth;

/// A pair on the wire; all of it is secret.
#[derive(Deserialize)]
struct TokenReply {
    access_token: Option<SecretText>,
    refresh_token: Option<SecretText>,
    expires_at: Option<Timestamp>,
    refresh_token_expires_at: Option<Timestamp>,
    merchant_id: Option<String>,
}

/// Text that goes from JSON into a secret without a stop.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

#[derive(Deserialize)]
struct StatusReply {
    #[serde(default)]
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
    merchant_id: Option<String>,
}

impl OAuthFlow for SquareOAuth {
    fn authorize_url(&self, app: &App, request: &AuthorizeRequest) -> Result<String, TokenError> {
        let address = format!("{}/oauth2/authorize", base_url(app));
        let mut url = reqwest::Url::parse(&address)
            .map_err(|_| unreadable("the integration's address is none"))?;
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &app.client_id)
            .append_pair("scope", &request.scopes.join(" "))
            // Whoever connects must say who they are: the browser may be signed in as another.
            .append_pair("session", "false")
            .append_pair("state", &request.state)
            .append_pair("redirect_uri", &app.redirect_uri);
        if let Some(challenge) = &request.challenge {
            query.append_pair("code_challenge", challenge);
        }
        drop(query);
        Ok(url.into())
    }

    fn exchange_code<'a>(
        &'a self,
        http: &'a HttpClient,
        app: &'a App,
        grant: &'a CodeGrant,
    ) -> BoxFuture<'a, Result<TokenPair, TokenError>> {
        async move {
            let mut body = token_request(app, "authorization_code");
            body["code"] = json!(grant.code.expose_secret());
            body["redirect_uri"] = json!(app.redirect_uri);
            if let Some(verifier) = &grant.verifier {
                body["code_verifier"] = json!(verifier.secret().expose_secret());
            }
            request_pair(http, app, &body, None).await
        }
        .boxed()
    }

    fn refresh<'a>(
        &'a self,
        http: &'a HttpClient,
        app: &'a App,
        tokens: &'a TokenPair,
    ) -> BoxFuture<'a, Result<TokenPair, TokenError>> {
        async move {
            let refresh = tokens.refresh.as_ref().map(SecretString::expose_secret);
            let mut body = token_request(app, "refresh_token");
            body["refresh_token"] = json!(refresh);
            request_pair(http, app, &body, Some(tokens)).await
        }
        .boxed()
    }

    fn revoke<'a>(
        &'a self,
        http: &'a HttpClient,
        app: &'a App,
        tokens: &'a TokenPair,
        scope: RevokedScope,
    ) -> BoxFuture<'a, Result<(), TokenError>> {
        async move {
            // The one documented way to prove who asks: with PKCE there is none.
            let Some(secret) = &app.client_secret else {
                return Err(TokenError::OnlyByTenant { reason: ONLY_WITH_SECRET });
            };
            let body = json!({
                "client_id": app.client_id,
                "access_token": tokens.access.expose_secret(),
                "revoke_only_access_token": scope == RevokedScope::AccessToken,
            });
            let authorization = format!("Client {}", secret.expose_secret());
            ask(http, app, "/oauth2/revoke", Some(&authorization), &body).await.map(drop)
        }
        .boxed()
    }

    fn status<'a>(
        &'a self,
        http: &'a HttpClient,
        app: &'a App,
        tokens: &'a TokenPair,
    ) -> BoxFuture<'a, Result<TokenStatus, TokenError>> {
        async move {
            let authorization = format!("Bearer {}", tokens.access.expose_secret());
            let answer =
                ask(http, app, "/oauth2/token/status", Some(&authorization), &json!({})).await?;
            let StatusReply { scopes, expires_at, merchant_id } =
                serde_json::from_slice(&answer.body)
                    .map_err(|_| unreadable("it does not tell what was granted"))?;
            Ok(TokenStatus { scopes, expires_at, granted_by: merchant_id })
        }
        .boxed()
    }
}

fn token_request(app: &App, grant_type: &str) -> Value {
    let mut body = json!({ "client_id": app.client_id, "grant_type": grant_type });
    if let Some(secret) = &app.client_secret {
        body["client_secret"] = json!(secret.expose_secret());
    }
    body
}

/// Asks for a pair. Where the answer leaves out what the pair before had, that goes on.
async fn request_pair(
    http: &HttpClient,
    app: &App,
    body: &Value,
    before: Option<&TokenPair>,
) -> Result<TokenPair, TokenError> {
    let answer = ask(http, app, "/oauth2/token", None, body).await?;
    let told: TokenReply =
        serde_json::from_slice(&answer.body).map_err(|_| unreadable("it is no pair of tokens"))?;
    let Some(SecretText(access)) = told.access_token else {
        return Err(unreadable("it has no access_token"));
    };
    let refresh = told.refresh_token.map(|SecretText(token)| token);
    Ok(TokenPair {
        access,
        refresh: refresh.or_else(|| before.and_then(|before| before.refresh.clone())),
        obtained_at: http.surroundings().now(),
        access_expires_at: told.expires_at,
        refresh_expires_at: told.refresh_token_expires_at,
        granted_by: told
            .merchant_id
            .or_else(|| before.and_then(|before| before.granted_by.clone())),
    })
}

/// Sends a call. How refusals are worded here is not documented, so the status alone decides: whoever is
/// told that the call is wrong, or that nobody is let in, needs a new grant. Any other refusal, such as of an
/// address that is not there for a while, or by something in between that forbids it, says nothing of the
/// grant and may pass.
async fn ask(
    http: &HttpClient,
    app: &App,
    path: &str,
    authorization: Option<&str>,
    body: &Value,
) -> Result<HttpAnswer, TokenError> {
    let mut headers = common_headers();
    if let Some(mut value) = authorization.and_then(|text| HeaderValue::from_str(text).ok()) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let url = format!("{}{path}", base_url(app));
    let body = serde_json::to_vec(body).unwrap_or_default();
    let request = HttpRequest { method: Method::POST, url, headers, body: Some(body) };
    let answer =
        http.send(&request, judge).await.map_err(|source| TokenError::Unavailable { source })?;
    match first_error(&answer) {
        None => Ok(answer),
        Some(error) if matches!(answer.status, 400 | 401) => {
            Err(TokenError::ReconnectNeeded { code: word_of(&error) })
        }
        Some(error) => Err(TokenError::NotNow { status: answer.status, code: word_of(&error) }),
    }
}

fn unreadable(reason: &str) -> TokenError {
    TokenError::Unreadable { reason: reason.to_owned() }
}
