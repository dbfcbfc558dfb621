//! A plan with what is wrong with it, and how it came about.

use serde_json::Value;
use shelfops_advisor::plans::findings::{Finding, look};
use shelfops_advisor::plans::{ExplainRequest, Explained, Facts, Plan, explain_within, read};

use crate::ops::{Context, OpError};

/// Where a plan comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlanSource {
    /// The server made it for the owner's login, past row security where that is a superuser's.
    Owner,
    /// The server made it for a tenant.
    Tenant(String),
    /// Somebody brought it.
    Given,
}

/// A plan, judged.
pub(crate) struct Judged {
    /// The plan.
    pub(crate) plan: Plan,
    /// What the server, or the file, said.
    pub(crate) raw: Value,
    /// What is known of its tables.
    pub(crate) facts: Facts,
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
    /// Whether the time box ran out.
    pub(crate) timed_out: bool,
    /// Whether it is the plan for all values alike.
    pub(crate) is_generic: bool,
    /// Where it comes from.
    pub(crate) source: PlanSource,
}

/// Has a statement explained, as a tenant or with all the rights that the owner's login has, and judges
/// its plan by what the catalog says.
pub(crate) async fn explained(
    context: &Context,
    request: &ExplainRequest,
    tenant: Option<&str>,
    usual_ms: Option<f64>,
) -> Result<Judged, OpError> {
    let (explained, source) = match tenant {
        Some(slug) => {
            let (tenant, tx) = context.tenant(slug).await?;
            let reader = tx.into_reader().await?;
            let explained = explain_within(reader.client(), request).await?;
            (explained, PlanSource::Tenant(tenant.slug))
        }
        None => {
            let reader = context.database().await?.reader().await?;
            (explain_within(reader.client(), request).await?, PlanSource::Owner)
        }
    };
    let Explained { plan, raw, timed_out, is_generic } = explained;
    // The owner asks the catalog: a tenant's role sees neither chunks nor their statistics.
    let reader = context.database().await?.reader().await?;
    let facts = Facts::gather(reader.client(), &plan).await?;
    let findings = look(&plan, &facts, usual_ms);
    Ok(Judged { plan, raw, facts, findings, timed_out, is_generic, source })
}

/// Judges a plan that somebody brought, by the plan alone: this database may be another.
pub(crate) fn judged_plan(text: &str, usual_ms: Option<f64>) -> Result<Judged, OpError> {
    let plan = read(text)?;
    let raw = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let facts = Facts::default();
    let findings = look(&plan, &facts, usual_ms);
    let source = PlanSource::Given;
    Ok(Judged { plan, raw, facts, findings, timed_out: false, is_generic: false, source })
}
