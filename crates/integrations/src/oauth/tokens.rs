//! An access token with what renews it; neither is ever shown.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// How old an access token may grow, however long it lives.
const LONGEST_USE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An access token with what renews it.
#[derive(Clone, Debug)]
pub struct TokenPair {
    /// What calls are made with.
    pub access: SecretString,
    /// What gets the next access token, where there is one.
    pub refresh: Option<SecretString>,
    /// When the pair was obtained.
    pub obtained_at: Timestamp,
    /// When the access token ends.
    pub access_expires_at: Option<Timestamp>,
    /// When the refresh token ends.
    pub refresh_expires_at: Option<Timestamp>,
    /// Who granted them, as the vendor names the tenant.
    pub granted_by: Option<String>,
}

/// A pair in the open, on its way to being encrypted.
#[derive(Serialize, Deserialize)]
struct OpenPair {
    access: String,
    refresh: Option<String>,
    obtained_at: Timestamp,
    access_expires_at: Option<Timestamp>,
    refresh_expires_at: Option<Timestamp>,
    granted_by: Option<String>,
}

impl TokenPair {
    /// Wraps a token that was made by hand: it neither ends nor can be renewed.
    pub fn permanent(access: SecretString, now: Timestamp) -> Self {
        Self {
            access,
            refresh: None,
            obtained_at: now,
            access_expires_at: None,
            refresh_expires_at: None,
            granted_by: None,
        }
    }

    /// Returns from when on the access token should be renewed: after half of its life, and after
    /// a week at the latest.
    pub fn renew_at(&self) -> Option<Timestamp> {
        self.refresh.as_ref()?;
        let life = self.access_expires_at?.duration_since(self.obtained_at);
        self.obtained_at.checked_add((life / 2).min(LONGEST_USE)).ok()
    }

    /// Whether the access token has ended.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.access_expires_at.is_some_and(|end| end <= now)
    }

    /// Returns everything as one secret text, for a store to encrypt.
    pub fn to_secret(&self) -> SecretString {
        let open = OpenPair {
            access: self.access.expose_secret().to_owned(),
            refresh: self.refresh.as_ref().map(|token| token.expose_secret().to_owned()),
            obtained_at: self.obtained_at,
            access_expires_at: self.access_expires_at,
            refresh_expires_at: self.refresh_expires_at,
            granted_by: self.granted_by.clone(),
        };
        // Texts and times always make JSON.
        serde_json::to_string(&open).unwrap_or_default().into()
    }

    /// Undoes [`Self::to_secret`]; `None` for any other text.
    pub fn from_secret(secret: &SecretString) -> Option<Self> {
        let open: OpenPair = serde_json::from_str(secret.expose_secret()).ok()?;
        Some(Self {
            access: open.access.into(),
            refresh: open.refresh.map(Into::into),
            obtained_at: open.obtained_at,
            access_expires_at: open.access_expires_at,
            refresh_expires_at: open.refresh_expires_at,
            granted_by: open.granted_by,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(life: &str) -> TokenPair {
        let obtained_at: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let life: SignedDuration = life.parse().unwrap();
        TokenPair {
            access: "access-secret".into(),
            refresh: Some("refresh-secret".into()),
            obtained_at,
            access_expires_at: Some(obtained_at + life),
            refresh_expires_at: None,
            granted_by: Some("M1".to_owned()),
        }
    }

    #[test]
    fn renews_after_a_week_or_half_of_a_short_life() {
        let renew_at = |life| pair(life).renew_at().unwrap().to_string();
        assert_eq!(renew_at("720h"), "2026-11-08T00:00:00Z");
        assert_eq!(renew_at("24h"), "2026-11-01T12:00:00Z");
        assert_eq!(renew_at("1h"), "2026-11-01T00:30:00Z");
        assert_eq!(TokenPair { refresh: None, ..pair("1h") }.renew_at(), None);
    }

    #[test]
    fn a_pair_is_not_shown_and_survives_being_stored() {
        let pair = pair("24h");
        let shown = format!("{pair:?} {:?}", pair.to_secret());
        assert!(!shown.contains("access-secret") && !shown.contains("refresh-secret"), "{shown}");
        let again = TokenPair::from_secret(&pair.to_secret()).unwrap();
        assert_eq!(again.to_secret().expose_secret(), pair.to_secret().expose_secret());
        assert!(TokenPair::from_secret(&"{}".into()).is_none());
    }
}
