//! What every operation answers, whoever asks: the product's voice.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::OpError;

/// Which shape of answers the program gives.
const SCHEMA_VERSION: u32 = 1;

/// An answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Output<D> {
    /// What happened, in three lines at most.
    pub(crate) summary: Vec<String>,
    /// The reasons, each with its numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) why: Vec<Why>,
    /// The answer itself.
    pub(crate) data: D,
    /// What may go wrong from here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) risks: Vec<String>,
    /// What to do next, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) next: Vec<Next>,
    /// Which shape of answers this is; it changes when programs would have to.
    pub(crate) schema_version: u32,
    /// How the answer reads for people, where a table would not do.
    #[serde(skip)]
    pub(crate) page: Option<String>,
    /// How a check went that an exit code should tell.
    #[serde(skip)]
    pub(crate) verdict: Verdict,
}

/// A claim and what it rests on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Why {
    /// What is claimed.
    pub(crate) claim: String,
    /// The numbers behind it.
    pub(crate) evidence: String,
}

/// An operation that is worth running next.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Next {
    /// The command.
    pub(crate) command: String,
    /// Why.
    pub(crate) because: String,
}

/// How it went, as exit codes tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As wanted.
    #[default]
    Good,
    /// A check found problems.
    Problems,
    /// Nothing was done yet: somebody has to approve it.
    ApprovalNeeded,
    /// None of several things was done.
    Failed,
    /// Some of several things were not done.
    Partial,
    /// The user stopped it.
    Stopped,
}

/// Says how many of a thing there are: `1 record`, `12,000 records`.
pub(crate) fn counted(count: impl TryInto<u64>, thing: &str) -> String {
    let count = count.try_into().unwrap_or_default();
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", crate::cli::grouped(&count.to_string()))
}

impl Verdict {
    /// Every verdict.
    pub(crate) const ALL: [Self; 6] = [
        Self::Good,
        Self::Problems,
        Self::ApprovalNeeded,
        Self::Failed,
        Self::Partial,
        Self::Stopped,
    ];

    /// Returns its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Problems => "problems",
            Self::ApprovalNeeded => "approval-needed",
            Self::Failed => "failed",
            Self::Partial => "partial",
            Self::Stopped => "stopped",
        }
    }

    /// Returns this verdict, or another in place of a good one.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::Good { other } else { self }
    }
}

impl<D> Output<D> {
    /// Answers with one line.
    pub(crate) fn new(summary: impl Into<String>, data: D) -> Self {
        Self {
            summary: vec![summary.into()],
            why: Vec::new(),
            data,
            risks: Vec::new(),
            next: Vec::new(),
            schema_version: SCHEMA_VERSION,
            page: None,
            verdict: Verdict::Good,
        }
    }

    /// Adds a line.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.summary.push(line.into());
        self
    }

    /// Adds a reason.
    pub(crate) fn why(mut self, claim: impl Into<String>, evidence: impl Into<String>) -> Self {
        self.why.push(Why { claim: claim.into(), evidence: evidence.into() });
        self
    }

    /// Adds a risk.
    pub(crate) fn risk(mut self, risk: impl Into<String>) -> Self {
        self.risks.push(risk.into());
        self
    }

    /// Adds a next step.
    pub(crate) fn next(mut self, command: impl Into<String>, because: impl Into<String>) -> Self {
        self.next.push(Next { command: command.into(), because: because.into() });
        self
    }

    /// Says how people read the answer, in place of a table.
    pub(crate) fn page(mut self, page: impl Into<String>) -> Self {
        self.page = Some(page.into());
        self
    }

    /// Gives the answer itself, where the words about it were made first.
    pub(crate) fn with_data<E>(self, data: E) -> Output<E> {
        Output {
            summary: self.summary,
            why: self.why,
            data,
            risks: self.risks,
            next: self.next,
            schema_version: self.schema_version,
            page: self.page,
            verdict: self.verdict,
        }
    }

    /// Sets how it went.
    pub(crate) const fn verdict(mut self, verdict: Verdict) -> Self {
        self.verdict = verdict;
        self
    }
}

impl<D: Serialize> Output<D> {
    /// Forgets the type of the answer.
    pub(crate) fn erase(self) -> Result<Output<Value>, OpError> {
        let data = serde_json::to_value(self.data)
            .map_err(|error| OpError::failed(format!("the answer cannot be shown: {error}")))?;
        Ok(Output {
            summary: self.summary,
            why: self.why,
            data,
            risks: self.risks,
            next: self.next,
            schema_version: self.schema_version,
            page: self.page,
            verdict: self.verdict,
        })
    }
}
