//! Who asks, and what they may: the same for every face, so that none can forget a part.

use std::fmt;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OpError;

/// Who may run an operation. `I` is what the operation is told.
///
/// An operation that says nothing is the operator's: what is forgotten stays closed.
pub(crate) enum Access<I> {
    /// Whoever has a key: it tells nothing of anybody.
    Anyone,
    /// Who holds a key of the tenant that the input names.
    Tenant(fn(&I) -> &str),
    /// The operator alone: it looks across tenants, changes the schema, or reads the machine's files.
    Operator,
}

/// The same without the input, for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AccessKind {
    /// Whoever has a key.
    Anyone,
    /// Who holds a key of the tenant.
    Tenant,
    /// The operator.
    Operator,
}

impl<I> Access<I> {
    /// Forgets how the tenant is found.
    pub(crate) const fn kind(&self) -> AccessKind {
        match self {
            Self::Anyone => AccessKind::Anyone,
            Self::Tenant(_) => AccessKind::Tenant,
            Self::Operator => AccessKind::Operator,
        }
    }
}

/// What a key may do. None of them contains another.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    ValueEnum,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    /// Look at data
    Read,
    /// Change data
    Write,
    /// Look after keys
    Admin,
}

impl Scope {
    /// Every scope.
    pub(crate) const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// Returns its name, as it is stored and told.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Reads names; those of scopes that there are no more give nothing.
    pub(crate) fn known(names: &[String]) -> Vec<Self> {
        Self::ALL.into_iter().filter(|scope| names.iter().any(|it| it == scope.name())).collect()
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// Somebody who can run this program where the database's address is known.
    Terminal {
        /// The login's name.
        user: String,
    },
    /// Who holds the operator's key.
    Operator,
    /// Who holds a key of a tenant.
    ApiKey {
        /// The key's name.
        name: String,
        /// The tenant's short name.
        tenant: String,
        /// What the key may do.
        scopes: Vec<Scope>,
    },
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminal { user } => write!(formatter, "terminal:{user}"),
            Self::Operator => formatter.write_str("operator-key"),
            Self::ApiKey { name, .. } => write!(formatter, "api-key:{name}"),
        }
    }
}

impl Principal {
    /// Refuses who may not run such an operation, whatever it is told.
    pub(crate) fn may_run(&self, access: AccessKind, scope: Scope) -> Result<(), OpError> {
        let Self::ApiKey { scopes, .. } = self else { return Ok(()) };
        if access == AccessKind::Operator {
            return Err(OpError::forbidden("only the operator may do this, not a tenant's key"));
        }
        if !scopes.contains(&scope) {
            let name = scope.name();
            return Err(OpError::forbidden(format!("the key lacks the scope '{name}'")));
        }
        Ok(())
    }

    /// Refuses who may not name a tenant. The answer is the same whether there is such a tenant.
    pub(crate) fn may_name(&self, slug: &str) -> Result<(), OpError> {
        match self {
            Self::ApiKey { tenant, .. } if tenant != slug => {
                Err(OpError::forbidden("the key is not for the tenant that the input names"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses who would hand on what they do not have.
    pub(crate) fn may_hand_on(&self, wanted: &[Scope]) -> Result<(), OpError> {
        let Self::ApiKey { scopes, .. } = self else { return Ok(()) };
        match wanted.iter().find(|scope| !scopes.contains(scope)) {
            Some(scope) => Err(OpError::forbidden(format!(
                "a key cannot hand on the scope '{}', which it lacks itself",
                scope.name()
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::error::ErrorKind;

    fn key(scopes: &[Scope]) -> Principal {
        Principal::ApiKey {
            name: "till".to_owned(),
            tenant: "acme".to_owned(),
            scopes: scopes.to_vec(),
        }
    }

    #[test]
    fn a_key_may_do_what_its_scopes_say_for_its_tenant() {
        let reader = key(&[Scope::Read]);
        reader.may_run(AccessKind::Tenant, Scope::Read).unwrap();
        reader.may_run(AccessKind::Anyone, Scope::Read).unwrap();
        for (access, scope) in [
            (AccessKind::Tenant, Scope::Write),
            (AccessKind::Tenant, Scope::Admin),
            (AccessKind::Anyone, Scope::Write),
            (AccessKind::Operator, Scope::Read),
        ] {
            let refusal = reader.may_run(access, scope).unwrap_err();
            assert_eq!(refusal.kind(), ErrorKind::Forbidden);
        }
        // Not even a key that may do everything is the operator.
        assert!(key(&Scope::ALL).may_run(AccessKind::Operator, Scope::Read).is_err());
        reader.may_name("acme").unwrap();
        for other in ["bravo", "no-such-tenant", "", "ACME", "acme "] {
            let refusal = reader.may_name(other).unwrap_err();
            let same = reader.may_name("another").unwrap_err();
            assert_eq!(refusal.to_string(), same.to_string());
        }
    }

    #[test]
    fn a_key_hands_on_no_more_than_it_has() {
        key(&[Scope::Admin, Scope::Read]).may_hand_on(&[Scope::Read]).unwrap();
        assert!(key(&[Scope::Admin]).may_hand_on(&[Scope::Read]).is_err());
        Principal::Operator.may_hand_on(&Scope::ALL).unwrap();
    }

    #[test]
    fn operators_may_do_everything() {
        for principal in [Principal::Operator, Principal::Terminal { user: "me".to_owned() }] {
            principal.may_run(AccessKind::Operator, Scope::Admin).unwrap();
            principal.may_name("whoever").unwrap();
        }
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let names: Vec<String> = Scope::ALL.map(|scope| scope.name().to_owned()).to_vec();
        assert_eq!(Scope::known(&names), Scope::ALL);
        assert_eq!(Scope::known(&["everything".to_owned()]), []);
        for scope in Scope::ALL {
            assert_eq!(serde_json::json!(scope), scope.name());
        }
    }
}
