//! One integration's line to its vendor: address, tokens, pace.

use std::sync::Arc;

use super::{Connector, ConnectorError, ReadingOptions};
use crate::http::{HttpClient, Policy, Surroundings};
use crate::oauth::{App, TokenError, TokenKeeper, TokenPair, TokenStatus, TokenStore};

/// What an integration is set up with.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    /// Our application at the vendor.
    pub app: App,
    /// How the vendor is called.
    pub policy: Policy,
    /// How much is read at once, and how much again.
    pub reading: ReadingOptions,
}

/// One integration's line to its vendor. Make one for each integration and keep it: pace, circuit
/// breaker and token renewal are only shared through it.
pub struct Connection {
    connector: &'static dyn Connector,
    app: App,
    reading: ReadingOptions,
    http: HttpClient,
    tokens: TokenKeeper,
}

impl Connection {
    /// Makes a line; nothing is called yet.
    ///
    /// # Errors
    /// Fails when TLS cannot be set up on this machine.
    pub fn new(
        connector: &'static dyn Connector,
        settings: ConnectionSettings,
        tokens: Arc<dyn TokenStore>,
        surroundings: Arc<dyn Surroundings>,
    ) -> Result<Self, ConnectorError> {
        let ConnectionSettings { app, policy, reading } = settings;
        let http = HttpClient::new(policy, surroundings).map_err(|source| {
            ConnectorError::Fetch { what: format!("anything from {}", connector.title()), source }
        })?;
        let tokens = TokenKeeper::new(connector.oauth(), tokens);
        Ok(Self { connector, app, reading, http, tokens })
    }

    /// Returns the connector it is made for.
    pub const fn connector(&self) -> &'static dyn Connector {
        self.connector
    }

    /// Returns our application at the vendor.
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Returns how much is read at once, and how much again.
    pub const fn reading(&self) -> &ReadingOptions {
        &self.reading
    }

    /// Returns the client that knows this integration's pace.
    pub const fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Returns a pair whose access token can be used now.
    ///
    /// # Errors
    /// See [`TokenKeeper::current`].
    pub async fn tokens(&self) -> Result<TokenPair, ConnectorError> {
        Ok(self.tokens.current(&self.http, &self.app).await?)
    }

    /// Returns another pair than one that the vendor refused.
    ///
    /// # Errors
    /// See [`TokenKeeper::after_refusal`].
    pub async fn tokens_after_refusal(
        &self,
        refused: &TokenPair,
    ) -> Result<TokenPair, ConnectorError> {
        Ok(self.tokens.after_refusal(&self.http, &self.app, &refused.access).await?)
    }

    /// Returns the pair that was stored since one that the vendor has ended, if there is any.
    ///
    /// # Errors
    /// See [`TokenKeeper::superseding`].
    pub async fn tokens_superseding(
        &self,
        ended: &TokenPair,
    ) -> Result<Option<TokenPair>, ConnectorError> {
        Ok(self.tokens.superseding(&ended.access).await?)
    }

    /// Asks what the current token may do, or where it is refused, what the next may; `None` where the
    /// vendor has no OAuth.
    ///
    /// # Errors
    /// Fails when there is no usable token or the vendor cannot be asked.
    pub async fn token_status(&self) -> Result<Option<TokenStatus>, ConnectorError> {
        let Some(flow) = self.connector.oauth() else { return Ok(None) };
        let tokens = self.tokens().await?;
        let told = match flow.status(&self.http, &self.app, &tokens).await {
            // An access token can have ended early while what renews it goes on.
            Err(TokenError::ReconnectNeeded { .. }) => {
                let tokens = self.tokens_after_refusal(&tokens).await?;
                flow.status(&self.http, &self.app, &tokens).await
            }
            told => told,
        };
        Ok(Some(told?))
    }
}
