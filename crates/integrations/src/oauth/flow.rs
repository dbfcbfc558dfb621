//! What a vendor's OAuth must be able to do.

use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;

use super::{PkceVerifier, TokenError, TokenPair};
use crate::http::HttpClient;

/// Our application as it is registered with a vendor.
#[derive(Clone, Debug)]
pub struct App {
    /// Its public name there.
    pub client_id: String,
    /// Its secret; without one, codes are proved by PKCE alone.
    pub client_secret: Option<SecretString>,
    /// Where the vendor sends the tenant back to, exactly as registered.
    pub redirect_uri: String,
    /// Where the vendor is, without a slash at the end; the vendor's own address when not said.
    pub base_url: Option<String>,
}

/// What a tenant is sent to the vendor with.
#[derive(Clone, Debug)]
pub struct AuthorizeRequest {
    /// What comes back with the tenant; see [`super::StateSigner`].
    pub state: String,
    /// What may be read.
    pub scopes: Vec<&'static str>,
    /// The PKCE challenge, where the app has no secret.
    pub challenge: Option<String>,
}

/// What a tenant came back with.
#[derive(Clone, Debug)]
pub struct CodeGrant {
    /// The code; it works once, for some minutes.
    pub code: SecretString,
    /// The PKCE verifier, where a challenge was sent.
    pub verifier: Option<PkceVerifier>,
}

/// How much ends with a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokedScope {
    /// This access token only.
    AccessToken,
    /// Everything that the tenant granted to our app.
    WholeGrant,
}

/// What a vendor says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenStatus {
    /// What may be read with it.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Who granted it, as the vendor names the tenant.
    pub granted_by: Option<String>,
}

/// A vendor's OAuth.
pub trait OAuthFlow: Send + Sync {
    /// Returns where to send the tenant.
    ///
    /// # Errors
    /// Fails when the app's address is no address.
    fn authorize_url(&self, app: &App, request: &AuthorizeRequest) -> Result<String, TokenError>;

    /// Exchanges a code for the first pair.
    ///
    /// # Errors
    /// See [`TokenError`]; a code that was used or is too old needs a new authorisation.
    fn exchange_code<'a>(
        &'a self,
        http: &'a HttpClient,
        app: &'a App,
        grant: &'a CodeGrant,
    ) -> BoxFuture<'a, Result<TokenPair, TokenError>>;

    /// Gets the next pair.
    ///
    /// # Errors
    /// [`TokenError::ReconnectNeeded`] when the vendor refuses, [`TokenError::Unavailable`] when it
    /// cannot be asked.
    fn refresh<'a>(
        &'a self,
        http: &'a HttpClient,
        app: &'a App,
        tokens: &'a TokenPair,
    ) -> BoxFuture<'a, Result<TokenPair, TokenError>>;

    /// Ends a token or the whole grant.
    ///
    /// # Errors
    /// [`TokenError::OnlyByTenant`] where the vendor takes it back from no application like ours.
    fn revoke<'a>(
        &'a self,
        http: &'a HttpClient,
        app: &'a App,
        tokens: &'a TokenPair,
        scope: RevokedScope,
    ) -> BoxFuture<'a, Result<(), TokenError>>;

    /// Asks what a token may do.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn status<'a>(
        &'a self,
        http: &'a HttpClient,
        app: &'a App,
        tokens: &'a TokenPair,
    ) -> BoxFuture<'a, Result<TokenStatus, TokenError>>;
}
