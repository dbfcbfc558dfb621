//! One integration's line to its vendor: address, tokens, pace.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::{Connector, ConnectorError, ReadingOptions};
use crate::http::{HttpClient, Policy, Surroundings};
use crate::oauth::{App, TokenError, TokenKeeper, TokenPair, TokenStatus, TokenStore};

/// What is asked about tokens in this process, of whichever integration: whoever waits for it may be gone before
/// it ends.
static UNDER_WAY: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Waits until no renewal of a token is under way, or for so long: before the store is closed, as a vendor may
/// have renewed a token that is not stored yet.
pub async fn renewals_end(at_most: Duration) {
    UNDER_WAY.close();
    // Those that are left are told by the next one who asks.
    let _ = tokio::time::timeout(at_most, UNDER_WAY.wait()).await;
    UNDER_WAY.reopen();
}

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
    reading: ReadingOptions,
    line: Arc<Line>,
}

/// What it takes to renew a token.
struct Line {
    app: App,
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
        Ok(Self { connector, reading, line: Arc::new(Line { app, http, tokens }) })
    }

    /// Returns the connector it is made for.
    pub const fn connector(&self) -> &'static dyn Connector {
        self.connector
    }

    /// Returns our application at the vendor.
    pub fn app(&self) -> &App {
        &self.line.app
    }

    /// Returns how much is read at once, and how much again.
    pub const fn reading(&self) -> &ReadingOptions {
        &self.reading
    }

    /// Returns the client that knows this integration's pace.
    pub fn http(&self) -> &HttpClient {
        &self.line.http
    }

    /// Returns a pair whose access token can be used now.
    ///
    /// # Errors
    /// See [`TokenKeeper::current`].
    pub async fn tokens(&self) -> Result<TokenPair, ConnectorError> {
        let line = self.line.clone();
        to_its_end(async move { line.tokens.current(&line.http, &line.app).await }).await
    }

    /// Returns another pair than one that the vendor refused.
    ///
    /// # Errors
    /// See [`TokenKeeper::after_refusal`].
    pub async fn tokens_after_refusal(
        &self,
        refused: &TokenPair,
    ) -> Result<TokenPair, ConnectorError> {
        let (line, refused) = (self.line.clone(), refused.access.clone());
        to_its_end(async move { line.tokens.after_refusal(&line.http, &line.app, &refused).await })
            .await
    }

    /// Returns the pair that was stored since one that the vendor has ended, if there is any.
    ///
    /// # Errors
    /// See [`TokenKeeper::superseding`].
    pub async fn tokens_superseding(
        &self,
        ended: &TokenPair,
    ) -> Result<Option<TokenPair>, ConnectorError> {
        Ok(self.line.tokens.superseding(&ended.access).await?)
    }

    /// Asks what the current token may do, or where it is refused, what the next may; `None` where the
    /// vendor has no OAuth.
    ///
    /// # Errors
    /// Fails when there is no usable token or the vendor cannot be asked.
    pub async fn token_status(&self) -> Result<Option<TokenStatus>, ConnectorError> {
        let Some(flow) = self.connector.oauth() else { return Ok(None) };
        let tokens = self.tokens().await?;
        let told = match flow.status(self.http(), self.app(), &tokens).await {
            // An access token can have ended early while what renews it goes on.
            Err(TokenError::ReconnectNeeded { .. }) => {
                let tokens = self.tokens_after_refusal(&tokens).await?;
                flow.status(self.http(), self.app(), &tokens).await
            }
            told => told,
        };
        Ok(Some(told?))
    }
}

/// Asks for a token to the end, also when nobody waits any more: broken off between the vendor's answer and the
/// store, a renewal would lose what the next one needs, where that works but once.
async fn to_its_end(
    work: impl Future<Output = Result<TokenPair, TokenError>> + Send + 'static,
) -> Result<TokenPair, ConnectorError> {
    let work = async {
        let told = work.await;
        if let Err(error) = &told {
            // Whoever asked says so as well, if he is still there.
            tracing::debug!(%error, "no token");
        }
        told
    };
    match UNDER_WAY.spawn(work.in_current_span()).await {
        Ok(told) => Ok(told?),
        Err(lost) => match lost.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process ends.
            Err(_) => std::future::pending().await,
        },
    }
}
