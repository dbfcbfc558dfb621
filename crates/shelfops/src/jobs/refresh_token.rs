//! Renews an integration's token before it runs out.

use serde::{Deserialize, Serialize};
use shelfops_db::models::DueSchedule;
use shelfops_ingest::CustomerId;
use uuid::Uuid;

use super::integration::{Readable, reachable};
use super::{Done, Work};
use crate::ops::error::ErrorKind;
use crate::ops::{Context, OpError};
use crate::sync::refresh_token;

/// Renews a token.
pub(crate) struct RefreshToken;

/// Of whose system.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    customer_id: CustomerId,
    integration_id: Uuid,
}

impl Work for RefreshToken {
    const NAME: &'static str = "refresh-token";
    const SUMMARY: &'static str = "Renew an integration's token before it runs out";

    type Payload = Payload;

    fn queue(payload: &Payload) -> Option<String> {
        Some(payload.integration_id.to_string())
    }

    fn key(payload: &Payload) -> Option<String> {
        Some(payload.integration_id.to_string())
    }

    fn scheduled(due: &DueSchedule) -> Option<Payload> {
        Some(Payload { customer_id: due.customer_id?, integration_id: due.integration_id? })
    }

    async fn run(context: &Context, payload: Payload) -> Result<Done, OpError> {
        let Payload { customer_id, integration_id } = payload;
        let (tenant, integration) = match reachable(context, customer_id, integration_id).await? {
            Readable::Yes(found) => *found,
            Readable::No(why) => return Ok(Done::All(why)),
        };
        let expires_at = match refresh_token(context, &tenant, &integration).await {
            // Known before: one dead letter says it.
            Err(error)
                if integration.is_grant_gone && error.kind() == ErrorKind::ReconnectNeeded =>
            {
                return Ok(Done::All(error.to_string()));
            }
            asked => asked?,
        };
        Ok(Done::All(match expires_at {
            Some(at) => format!("the token of {} holds until {at}", integration.source),
            None => format!("the token of {} does not run out", integration.source),
        }))
    }
}
