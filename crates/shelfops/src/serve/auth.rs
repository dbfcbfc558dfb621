//! Who asks: a tenant's key or the operator's, shown as `Authorization: Bearer …`.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use sha2::{Digest as _, Sha256};
use shelfops_db::models::ApiKeyToken;
use subtle::ConstantTimeEq as _;

use super::app::App;
use super::problem::Problem;
use super::rate_limit::KeyId;
use crate::ops::{Principal, Scope};

/// Fewer characters than this can be guessed.
const FEWEST_CHARACTERS: usize = 32;

/// The operator's key: only its hash is kept.
pub(super) struct OperatorKey {
    hash: [u8; 32],
}

/// Why a text cannot be the operator's key.
#[derive(Debug, thiserror::Error)]
#[error(
    "it has fewer than {FEWEST_CHARACTERS} characters and could be guessed; take one from \
     `openssl rand -base64 32`"
)]
pub(super) struct WeakKey;

impl OperatorKey {
    /// Reads the key.
    pub(super) fn new(key: &str) -> Result<Self, WeakKey> {
        if key.chars().count() < FEWEST_CHARACTERS {
            return Err(WeakKey);
        }
        Ok(Self { hash: Sha256::digest(key).into() })
    }

    /// Whether a text is the key. How long it takes says nothing about how much of it was right:
    /// hashes are compared, and those as a whole.
    fn is(&self, shown: &str) -> bool {
        let hash: [u8; 32] = Sha256::digest(shown).into();
        self.hash.ct_eq(&hash).into()
    }
}

/// Who asks. A handler that takes one is closed to everybody else.
pub(super) struct Caller {
    /// Who, and what they may.
    pub(super) principal: Principal,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let shown = bearer(parts).ok_or_else(|| {
            Problem::unauthorized("show a key: 'Authorization: Bearer shk_…'", "Bearer")
        })?;
        let (principal, key_id) = identify(app, shown).await?;
        tracing::Span::current().record("principal", tracing::field::display(&principal));
        app.rate_limit.check(key_id)?;
        Ok(Self { principal })
    }
}

/// Finds out whose key it is. That it is unknown, expired or revoked is one answer.
async fn identify(app: &App, shown: &str) -> Result<(Principal, KeyId), Problem> {
    let refused = || {
        Problem::unauthorized(
            "the key is not known, or it is expired or revoked",
            "Bearer error=\"invalid_token\"",
        )
    };
    if app.operator_key.as_ref().is_some_and(|key| key.is(shown)) {
        return Ok((Principal::Operator, KeyId::Operator));
    }
    let token = ApiKeyToken::parse(shown).map_err(|_| refused())?;
    let found = app.database().await?.find_key_owner(&token).await.map_err(Problem::of_database)?;
    let owner = found.ok_or_else(refused)?;
    let principal = Principal::ApiKey {
        name: owner.name,
        tenant: owner.slug,
        scopes: Scope::known(&owner.scopes),
    };
    Ok((principal, KeyId::Tenant(owner.api_key_id)))
}

fn bearer(parts: &Parts) -> Option<&str> {
    let (scheme, key) = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_key_is_that_one_and_no_other() {
        let text = "0123456789abcdef0123456789abcdef";
        let key = OperatorKey::new(text).ok().unwrap();
        assert!(key.is(text));
        for other in ["", "0123456789abcdef", &format!("{text}0"), &text.to_uppercase()] {
            assert!(!key.is(other), "{other}");
        }
        assert!(OperatorKey::new("short").is_err());
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_others_are_not() {
        let shown = |value: &str| {
            let request = http::Request::builder().header(AUTHORIZATION, value).body(()).unwrap();
            bearer(&request.into_parts().0).map(str::to_owned)
        };
        assert_eq!(shown("Bearer x").as_deref(), Some("x"));
        assert_eq!(shown("bearer  x").as_deref(), Some("x"));
        for other in ["Basic x", "Bearer", "x", ""] {
            assert_eq!(shown(other), None, "{other}");
        }
    }
}
