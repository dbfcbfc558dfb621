//! What a rule reports.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Look, Rule};
use crate::plans::Node;

/// Something in a plan that costs more than it needs to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// What was found, in one sentence.
    pub what: String,
    /// Where: the path from the root of the plan.
    pub path: Option<String>,
    /// The nodes that show it.
    pub nodes: Vec<usize>,
    /// How much of the statement it concerns.
    pub share: Option<Share>,
    /// The numbers.
    pub evidence: Vec<String>,
    /// Why it matters.
    pub why: &'static str,
    /// What to do, the cheapest first.
    pub remedies: Vec<Remedy>,
    /// How sure it is.
    pub confidence: Confidence,
}

/// A part of the whole.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Share {
    /// From 0 to 1.
    pub part: f64,
    /// Of what.
    pub of: ShareOf,
}

/// What a share is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ShareOf {
    /// Of the measured time.
    Time,
    /// Of the estimated cost.
    EstimatedCost,
}

/// Something to do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Remedy {
    /// What and when.
    pub advice: String,
    /// The statement that does it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The plan hints at it.
    Low,
    /// The plan shows it, as far as estimates go.
    Medium,
    /// It was measured.
    High,
}

impl Confidence {
    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Share {
    /// Says it in words: `82% of the time`.
    pub fn shown(self) -> String {
        let of = match self.of {
            ShareOf::Time => "the time",
            ShareOf::EstimatedCost => "the estimated cost",
        };
        format!("{:.0}% of {of}", self.part * 100.0)
    }
}

impl Finding {
    /// Begins a finding at a node.
    pub(super) fn at(rule: &dyn Rule, look: &Look<'_>, node: &Node, what: String) -> Self {
        let confidence =
            if look.plan.is_measured() { Confidence::High } else { Confidence::Medium };
        Self {
            path: Some(look.plan.path(node)),
            nodes: vec![node.id],
            share: Some(look.share(node)),
            confidence,
            ..Self::whole(rule, what)
        }
    }

    /// Begins a finding about the whole statement.
    pub(super) fn whole(rule: &dyn Rule, what: String) -> Self {
        Self {
            rule: rule.name(),
            what,
            path: None,
            nodes: Vec::new(),
            share: None,
            evidence: Vec::new(),
            why: rule.why(),
            remedies: Vec::new(),
            confidence: Confidence::High,
        }
    }

    /// Adds numbers.
    pub(super) fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// Adds advice.
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.remedies.push(Remedy { advice: advice.into(), sql: None });
        self
    }

    /// Adds advice with its statement.
    pub(super) fn advise_sql(mut self, advice: impl Into<String>, sql: impl Into<String>) -> Self {
        self.remedies.push(Remedy { advice: advice.into(), sql: Some(sql.into()) });
        self
    }

    /// Sets how much it concerns.
    pub(super) const fn share_of(mut self, share: Share) -> Self {
        self.share = Some(share);
        self
    }

    /// Sets how sure it is.
    pub(super) const fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Whether another finding is of the same rule and asks for the same, but for the names of the parts
    /// that they speak of.
    pub(super) fn is_like(&self, part: &str, other: &Self, others_part: &str) -> bool {
        let plain = |remedy: &Remedy, part: &str| {
            let sql = remedy.sql.as_ref().map(|sql| sql.replace(part, ""));
            (remedy.advice.replace(part, ""), sql)
        };
        let mut pairs = self.remedies.iter().zip(&other.remedies);
        self.rule == other.rule
            && self.remedies.len() == other.remedies.len()
            && pairs.all(|(one, two)| plain(one, part) == plain(two, others_part))
    }

    /// Returns what it weighs against others: its share, less where it is less sure.
    pub fn weight(&self) -> f64 {
        let part = self.share.map_or(0.0, |share| share.part);
        match self.confidence {
            Confidence::High => part + 0.02,
            Confidence::Medium => part * 0.9 + 0.01,
            Confidence::Low => part * 0.5,
        }
    }
}
