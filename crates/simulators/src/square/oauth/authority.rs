//! Who may read what: codes, access tokens, refresh tokens.

use std::collections::HashMap;

use super::minting::Mint;
use crate::square::config::{ApplicationConfig, SquareConfig};
use crate::square::moment::{DAY, MINUTE, Moment};

/// How long a code can be exchanged.
const CODE_LIFETIME: i64 = 5 * MINUTE;

/// How long an access token lives.
const TOKEN_LIFETIME: i64 = 30 * DAY;

/// How long an access token lives that was asked to live short.
const SHORT_LIFETIME: i64 = DAY;

/// How long a refresh token of the flow without a secret lives.
const REFRESH_LIFETIME: i64 = 90 * DAY;

/// How an application proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// With its secret: refresh tokens stay as they are.
    Code,
    /// With a verifier: refresh tokens are good for one use.
    Pkce,
}

/// What a merchant consented to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) application: u8,
    pub(crate) merchant_id: String,
    pub(crate) scopes: Vec<&'static str>,
}

/// A code that waits to be exchanged.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) access: Access,
    /// The redirect URL that was named in the request for the code.
    pub(super) redirect_url: Option<String>,
    pub(super) challenge: Option<String>,
    issued: Moment,
}

/// An access token.
#[derive(Debug, Clone)]
pub(super) struct AccessToken {
    pub(super) access: Access,
    pub(super) expires: Moment,
    is_revoked: bool,
}

/// A refresh token.
#[derive(Debug, Clone)]
pub(super) struct RefreshToken {
    pub(super) access: Access,
    pub(super) flow: Flow,
    /// Never for those that do not expire.
    pub(super) expires: Moment,
}

/// Tokens, as an application gets them.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) access_token: String,
    pub(super) expires: Moment,
    pub(super) refresh_token: String,
    pub(super) refresh_expires: Moment,
    pub(super) access: Access,
    pub(super) is_short: bool,
}

/// Why an access token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenFault {
    Unknown,
    Expired,
    Revoked,
}

/// Everything about consent.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) applications: Vec<ApplicationConfig>,
    mint: Mint,
    codes: HashMap<String, Code>,
    tokens: HashMap<String, AccessToken>,
    refreshes: HashMap<String, RefreshToken>,
}

impl Authority {
    /// Knows the applications of a configuration, and no consent yet.
    pub(crate) fn new(config: &SquareConfig) -> Self {
        Self {
            applications: config.applications.clone(),
            mint: Mint::new(config.seed),
            codes: HashMap::new(),
            tokens: HashMap::new(),
            refreshes: HashMap::new(),
        }
    }

    /// Returns the application with this id.
    pub(crate) fn application(&self, client_id: &str) -> Option<u8> {
        self.applications.iter().position(|each| each.client_id == client_id).map(|at| at as u8)
    }

    /// Returns the application with this personal access token.
    pub(crate) fn developer(&self, token: &str) -> Option<u8> {
        self.applications
            .iter()
            .position(|each| each.personal_access_token == token)
            .map(|at| at as u8)
    }

    /// Issues a code for what a merchant consented to.
    pub(super) fn issue_code(
        &mut self,
        access: Access,
        (redirect_url, challenge): (Option<String>, Option<String>),
        now: Moment,
    ) -> String {
        let text = self.mint.code();
        let code = Code { access, redirect_url, challenge, issued: now };
        self.codes.insert(text.clone(), code);
        text
    }

    /// Takes a code, which is good for one use and five minutes.
    pub(super) fn take_code(&mut self, text: &str, now: Moment) -> Option<Code> {
        self.codes.remove(text).filter(|code| now <= code.issued.plus(CODE_LIFETIME))
    }

    /// Issues tokens for what a merchant consented to.
    pub(super) fn issue(
        &mut self,
        access: Access,
        (flow, is_short): (Flow, bool),
        now: Moment,
    ) -> Issued {
        let refresh_token = self.mint.refresh_token();
        let expires = match flow {
            Flow::Code => Moment::NEVER,
            Flow::Pkce => now.plus(REFRESH_LIFETIME),
        };
        let refresh = RefreshToken { access: access.clone(), flow, expires };
        self.refreshes.insert(refresh_token.clone(), refresh);
        self.issue_access(access, (refresh_token, expires), is_short, now)
    }

    /// Issues an access token beside a refresh token that is there already.
    pub(super) fn issue_access(
        &mut self,
        access: Access,
        (refresh_token, refresh_expires): (String, Moment),
        is_short: bool,
        now: Moment,
    ) -> Issued {
        let access_token = self.mint.access_token();
        let expires = now.plus(if is_short { SHORT_LIFETIME } else { TOKEN_LIFETIME });
        let token = AccessToken { access: access.clone(), expires, is_revoked: false };
        self.tokens.insert(access_token.clone(), token);
        Issued { access_token, expires, refresh_token, refresh_expires, access, is_short }
    }

    /// Returns a refresh token that is still good.
    pub(super) fn refresh_token(&self, text: &str, now: Moment) -> Option<RefreshToken> {
        let token = self.refreshes.get(text)?;
        let is_alive = !token.expires.is_set() || now < token.expires;
        is_alive.then(|| token.clone())
    }

    /// Ends a refresh token.
    pub(super) fn spend(&mut self, refresh_token: &str) {
        self.refreshes.remove(refresh_token);
    }

    /// Returns what an access token opens.
    pub(super) fn token(&self, text: &str, now: Moment) -> Result<&AccessToken, TokenFault> {
        match self.tokens.get(text) {
            None => Err(TokenFault::Unknown),
            Some(token) if token.is_revoked => Err(TokenFault::Revoked),
            Some(token) if now >= token.expires => Err(TokenFault::Expired),
            Some(token) => Ok(token),
        }
    }

    /// Returns what an access token opens.
    pub(crate) fn access(&self, text: &str, now: Moment) -> Result<Access, TokenFault> {
        self.token(text, now).map(|token| token.access.clone())
    }

    /// Ends one access token and nothing else.
    pub(super) fn revoke_token(&mut self, text: &str) {
        if let Some(token) = self.tokens.get_mut(text) {
            token.is_revoked = true;
        }
    }

    /// Ends everything that a merchant consented to for an application; says if that was anything.
    pub(crate) fn revoke_all(&mut self, application: u8, merchant_id: &str) -> bool {
        let is_meant = |access: &Access| {
            access.application == application && access.merchant_id == merchant_id
        };
        let mut was_any = false;
        for token in self.tokens.values_mut().filter(|token| is_meant(&token.access)) {
            was_any |= !token.is_revoked;
            token.is_revoked = true;
        }
        let before = self.refreshes.len();
        self.refreshes.retain(|_, refresh| !is_meant(&refresh.access));
        was_any || before > self.refreshes.len()
    }

    /// Whether a merchant's consent for an application covers a scope, now.
    pub(crate) fn covers(&self, application: u8, merchant_id: &str, scope: &str) -> bool {
        self.refreshes.values().any(|refresh| {
            refresh.access.application == application
                && refresh.access.merchant_id == merchant_id
                && refresh.access.scopes.contains(&scope)
        })
    }

    /// Issues tokens without anybody's consent, for tests; answers with access and refresh token.
    pub(crate) fn grant(&mut self, access: Access, flow: Flow, now: Moment) -> (String, String) {
        let issued = self.issue(access, (flow, false), now);
        (issued.access_token, issued.refresh_token)
    }
}
