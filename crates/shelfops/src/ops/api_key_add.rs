//! Adds a key for the HTTP interface.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use shelfops_db::models::NewApiKey;

use super::{Access, Context, Effect, OpError, Operation, Output, Scope};

/// How long a name may be: it stands in every entry of the audit log.
const LONGEST_NAME: usize = 63;

/// How long a key may work before its holder has to be asked again.
const MOST_DAYS: u32 = 3650;

/// Adds a key for the HTTP interface.
pub(crate) struct ApiKeyAdd;

/// Whose key, what for, and what it may do.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// What the key is for, as the audit log will name it: letters, digits, '.', '_' and '-'
    pub(crate) name: String,
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// What the key may do; say it once for each
    #[arg(long = "scope", value_name = "SCOPE", default_value = "read")]
    #[serde(default = "only_read")]
    pub(crate) scopes: Vec<Scope>,
    /// After how many days it stops working [default: never]
    #[arg(long, value_name = "DAYS")]
    #[serde(default)]
    pub(crate) expires_in_days: Option<u32>,
}

fn only_read() -> Vec<Scope> {
    vec![Scope::Read]
}

/// The key. It is not kept, and cannot be shown again.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Added {
    name: String,
    key: String,
    scopes: Vec<Scope>,
    expires_at: Option<String>,
    api_key_id: String,
}

impl Operation for ApiKeyAdd {
    const NAME: &'static str = "api-key add";
    const SUMMARY: &'static str = "Add a key for the HTTP interface; it is shown this once";
    const DETAILS: &'static str = "\
Scopes: read looks at data, write changes it, admin looks after keys. None contains another.

Example: shelfops api-key add reports --tenant acme --scope read --expires-in-days 90";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);
    const SCOPE: Scope = Scope::Admin;

    type Input = Input;
    type Data = Added;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Added>, OpError> {
        check_name(&input.name)?;
        let mut scopes = input.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(OpError::usage("say what the key may do: read, write or admin"));
        }
        context.principal().may_hand_on(&scopes)?;
        let expires_at =
            input.expires_in_days.map(|days| after(context.now(), days)).transpose()?;
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let new = NewApiKey {
            name: &input.name,
            scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            expires_at,
        };
        let (api_key_id, token) = tx.add_api_key(&new).await?;
        tx.commit().await?;
        let data = Added {
            name: input.name.clone(),
            key: token.reveal().expose_secret().to_owned(),
            scopes,
            expires_at: expires_at.map(|at| at.to_string()),
            api_key_id: api_key_id.to_string(),
        };
        Ok(Output::new(format!("key '{}' of {} is there", input.name, tenant.slug), data)
            .risk("the key is not kept: store it now, it cannot be shown again")
            .next(
                format!("shelfops api-key revoke {} --tenant {}", input.name, tenant.slug),
                "takes it back, at once",
            ))
    }
}

fn check_name(name: &str) -> Result<(), OpError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_plain) {
        return Err(OpError::usage(format!(
            "a key's name has 1 to {LONGEST_NAME} letters, digits, '.', '_' and '-'"
        )));
    }
    Ok(())
}

fn after(now: Timestamp, days: u32) -> Result<Timestamp, OpError> {
    let within = (1..=MOST_DAYS).contains(&days);
    let length = SignedDuration::from_hours(i64::from(days) * 24);
    now.checked_add(length).ok().filter(|_| within).ok_or_else(|| {
        OpError::usage(format!("a key expires after 1 to {MOST_DAYS} days, or never"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_readable_in_logs() {
        for name in ["till", "Till-2.old_one", "7", &"x".repeat(63)] {
            check_name(name).unwrap();
        }
        for name in ["", "two words", "line\nbreak", "a:b", "ä", &"x".repeat(64)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_key_expires_within_ten_years() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(after(now, 90).unwrap().to_string(), "2026-05-30T00:00:00Z");
        assert!(
            after(now, 0).is_err() && after(now, 3651).is_err() && after(now, u32::MAX).is_err()
        );
    }
}
