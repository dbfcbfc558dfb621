//! The plan of faults.

use serde::{Deserialize, Serialize};

use crate::dice::{Dice, mix};
use crate::square::SquareError;
use crate::square::moment::{MINUTE, SECOND};

/// Everything that goes wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultPlan {
    /// What the draws of faults follow from.
    pub seed: u64,
    /// Faults of requests; the first that strikes is the one that happens.
    pub requests: Vec<RequestFault>,
    /// Faults of webhooks.
    pub webhooks: WebhookFaults,
}

/// A fault that requests can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestFault {
    /// What happens.
    pub fault: FaultKind,
    /// To how many of a thousand requests.
    pub per_mille: u16,
    /// To requests whose path begins so; empty for all.
    #[serde(default)]
    pub path_prefix: String,
    /// How many such requests pass before the first can be struck.
    #[serde(default)]
    pub skip: u64,
    /// How often it happens at most; nothing for no limit.
    #[serde(default)]
    pub times: Option<u64>,
}

/// What can happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 429 with the vendor's envelope, and `Retry-After` if it has seconds.
    RateLimited {
        /// What `Retry-After` says.
        retry_after_seconds: Option<u32>,
    },
    /// A status of 500 or more with the vendor's envelope.
    ServerError {
        /// The status.
        status: u16,
    },
    /// A page of HTML from in front of the API, with this status.
    HtmlError {
        /// The status.
        status: u16,
    },
    /// A page of HTML with status 200.
    HtmlSuccess,
    /// The right answer, late by real milliseconds.
    Slow {
        /// How late.
        milliseconds: u64,
    },
    /// The connection ends after so many bytes of the right answer.
    CutConnection {
        /// How many bytes arrive.
        after_bytes: usize,
    },
    /// The right answer, with its second half missing, and no sign of it but that.
    TruncatedJson,
    /// The right orders, each of which says that it comes to so much more than its lines do: a part of it is
    /// told in a way that nobody documented.
    RaisedTotals {
        /// How much more, in the smallest unit.
        amount: i64,
    },
    /// The merchant takes the authorization back just now.
    RevokedToken,
    /// The access token is taken for expired, this once.
    ExpiredToken,
}

/// What can happen to webhooks, each to so many of a thousand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookFaults {
    /// Never sent; only a search for events finds them.
    pub lost_per_mille: u16,
    /// Sent twice, within a minute.
    pub duplicate_per_mille: u16,
    /// Sent late, by up to `late_minutes`.
    pub late_per_mille: u16,
    /// How late at most.
    pub late_minutes: u32,
    /// Sent up to 30 seconds late, so that others overtake them.
    pub reordered_per_mille: u16,
}

/// What becomes of one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebhookFate {
    /// After how many milliseconds it is sent, once for each.
    pub(crate) delays: Vec<i64>,
}

impl FaultKind {
    /// Returns the name under which the request log has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::ServerError { .. } => "server_error",
            Self::HtmlError { .. } => "html_error",
            Self::HtmlSuccess => "html_success",
            Self::Slow { .. } => "slow",
            Self::CutConnection { .. } => "cut_connection",
            Self::TruncatedJson => "truncated_json",
            Self::RaisedTotals { .. } => "raised_totals",
            Self::RevokedToken => "revoked_token",
            Self::ExpiredToken => "expired_token",
        }
    }
}

impl FaultPlan {
    /// Refuses shares above a thousand and statuses that are no errors.
    pub(crate) fn check(&self) -> Result<(), SquareError> {
        let webhooks = &self.webhooks;
        let shares = [
            webhooks.lost_per_mille,
            webhooks.duplicate_per_mille,
            webhooks.late_per_mille,
            webhooks.reordered_per_mille,
        ];
        let all = self.requests.iter().map(|each| each.per_mille).chain(shares);
        if all.into_iter().any(|share| share > 1_000) {
            let problem = "must be at most 1000".to_owned();
            return Err(SquareError::Config { field: "faults.per_mille", problem });
        }
        for fault in &self.requests {
            if let FaultKind::ServerError { status } | FaultKind::HtmlError { status } = fault.fault
                && !(400..=599).contains(&status)
            {
                let problem = format!("is {status}, not 400 to 599");
                return Err(SquareError::Config { field: "faults.requests.status", problem });
            }
        }
        Ok(())
    }

    /// Draws what becomes of the webhook for an event: the same for the same seed and event.
    pub(crate) fn webhook_fate(&self, event: u64, subscription: usize) -> WebhookFate {
        let WebhookFaults {
            lost_per_mille,
            duplicate_per_mille,
            late_per_mille,
            late_minutes,
            reordered_per_mille,
        } = self.webhooks;
        let number = mix(self.seed ^ mix(event)) ^ subscription as u64;
        let mut dice = Dice::new(number, "webhook");
        if dice.per_mille(u32::from(lost_per_mille)) {
            return WebhookFate { delays: Vec::new() };
        }
        let mut delay = 0;
        if dice.per_mille(u32::from(late_per_mille)) {
            delay += dice.below_large(u64::from(late_minutes.max(1)) * MINUTE as u64) as i64;
        }
        if dice.per_mille(u32::from(reordered_per_mille)) {
            delay += i64::from(dice.below(30 * SECOND as u32));
        }
        let mut delays = vec![delay];
        if dice.per_mille(u32::from(duplicate_per_mille)) {
            delays.push(delay + i64::from(dice.below(MINUTE as u32)));
        }
        WebhookFate { delays }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_fare_the_same_with_the_same_seed_and_about_as_often_as_planned() {
        let webhooks = WebhookFaults {
            lost_per_mille: 100,
            duplicate_per_mille: 200,
            late_per_mille: 300,
            late_minutes: 60,
            reordered_per_mille: 0,
        };
        let plan = FaultPlan { seed: 4, webhooks, ..FaultPlan::default() };
        let fates: Vec<WebhookFate> = (0..2_000).map(|event| plan.webhook_fate(event, 0)).collect();
        let again: Vec<WebhookFate> = (0..2_000).map(|event| plan.webhook_fate(event, 0)).collect();
        assert_eq!(fates, again);
        let count =
            |test: &dyn Fn(&WebhookFate) -> bool| fates.iter().filter(|fate| test(fate)).count();
        assert!((140..260).contains(&count(&|fate| fate.delays.is_empty())));
        assert!((280..440).contains(&count(&|fate| fate.delays.len() == 2)));
        assert!((440..640).contains(&count(&|fate| fate.delays.first().is_some_and(|d| *d > 0))));
    }

    #[test]
    fn impossible_plans_are_refused() {
        let mut plan = FaultPlan::default();
        plan.webhooks.lost_per_mille = 1_001;
        assert!(plan.check().is_err());
        let fault = FaultKind::ServerError { status: 200 };
        let fault =
            RequestFault { fault, per_mille: 1, path_prefix: String::new(), skip: 0, times: None };
        let plan = FaultPlan { requests: vec![fault], ..FaultPlan::default() };
        assert!(plan.check().is_err());
    }
}
