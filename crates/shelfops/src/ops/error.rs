//! Why an operation was not done, and which exit code says so.

use std::time::Duration;

use serde::Serialize;
use shelfops_advisor::indexes::AdviceError;
use shelfops_advisor::plans::{ExplainError, PlanError};
use shelfops_advisor::proof::ProofError;
use shelfops_advisor::workload::WorkloadError;
use shelfops_db::{DbError, MigrationError};
use shelfops_ingest::pipeline::PipelineError;
use shelfops_integrations::connector::ConnectorError;
use shelfops_integrations::file::{MappingError, OpenError};

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct OpError {
    kind: ErrorKind,
    message: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    pause: Option<Duration>,
}

/// What a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ErrorKind {
    /// Look at the message.
    Failed,
    /// Ask in another way.
    Usage,
    /// Ask for something that is there.
    NotFound,
    /// Wait, or look what else is going on.
    Conflict,
    /// Ask somebody to approve it.
    ApprovalNeeded,
    /// Ask with a key that may.
    Forbidden,
    /// Start or reach what is needed.
    DependencyDown,
    /// Wait until the vendor answers again.
    VendorDown,
    /// The vendor answers what cannot be read or refuses what is asked: look at the message.
    VendorTrouble,
    /// Have the tenant let us in again.
    ReconnectNeeded,
}

impl ErrorKind {
    /// Returns its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::ApprovalNeeded => "approval-needed",
            Self::Forbidden => "forbidden",
            Self::DependencyDown => "dependency-down",
            Self::VendorDown => "vendor-down",
            Self::VendorTrouble => "vendor-trouble",
            Self::ReconnectNeeded => "reconnect-needed",
        }
    }

    /// Returns the exit code that says so; `shelfops --help` lists them.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Failed | Self::VendorTrouble | Self::ReconnectNeeded => 1,
            Self::Usage => 2,
            Self::ApprovalNeeded => 4,
            Self::NotFound => 5,
            Self::Conflict => 6,
            Self::Forbidden => 7,
            Self::DependencyDown | Self::VendorDown => 8,
        }
    }
}

impl OpError {
    /// Something went wrong.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Failed, message: message.into(), cause: None, pause: None }
    }

    /// The question was not right.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Usage, message: message.into(), cause: None, pause: None }
    }

    /// What was asked for is not there.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::NotFound, message: message.into(), cause: None, pause: None }
    }

    /// Who asks may not.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Forbidden, message: message.into(), cause: None, pause: None }
    }

    /// Somebody has to approve it first.
    pub(crate) fn approval_needed(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::ApprovalNeeded, message: message.into(), cause: None, pause: None }
    }

    /// Something else is going on.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Conflict, message: message.into(), cause: None, pause: None }
    }

    /// What a caller can do about it.
    pub(crate) const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// How long whoever failed asked to be left alone.
    pub(crate) const fn asked_pause(&self) -> Option<Duration> {
        self.pause
    }

    /// Keeps how long somebody asked to be left alone.
    pub(crate) const fn with_pause(mut self, pause: Option<Duration>) -> Self {
        self.pause = pause;
        self
    }

    /// Says whose failure it is, unless the message does.
    pub(crate) fn of(mut self, name: &str) -> Self {
        if !self.message.contains(name) {
            self.message = format!("{name}: {}", self.message);
        }
        self
    }

    /// Says what went wrong with its reasons, one below the other.
    pub(crate) fn with_reasons(&self) -> String {
        with_reasons(self)
    }

    /// Wraps an error with what is behind it.
    pub(crate) fn from_error(
        kind: ErrorKind,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        let message = error.to_string();
        let cause = std::error::Error::source(&error).map(|cause| joined(cause, ": ").into());
        Self { kind, message, cause, pause: None }
    }
}

impl From<DbError> for OpError {
    fn from(error: DbError) -> Self {
        let kind = match &error {
            DbError::Unreachable { .. } | DbError::Crowded { .. } => ErrorKind::DependencyDown,
            DbError::UnknownTenant { .. } | DbError::NotFound(_) => ErrorKind::NotFound,
            DbError::TenantExists(_)
            | DbError::IntegrationExists(_)
            | DbError::ApiKeyExists(_)
            | DbError::PlanConflict(_)
            | DbError::Busy(_) => ErrorKind::Conflict,
            DbError::PlanNotApproved(_) => ErrorKind::ApprovalNeeded,
            DbError::BadSlug(_) | DbError::BadAddress(_) | DbError::UnknownTimeZone(_) => {
                ErrorKind::Usage
            }
            DbError::NotMigrated
            | DbError::MayNotCreateDatabases
            | DbError::PlanFailed { .. }
            | DbError::Queue { .. }
            | DbError::Statement { .. }
            | DbError::Secret(_) => ErrorKind::Failed,
        };
        // Such an error says in its own line what the server said.
        if let DbError::Statement { .. } = &error {
            return Self { kind, message: error.to_string(), cause: None, pause: None };
        }
        Self::from_error(kind, error)
    }
}

impl From<MigrationError> for OpError {
    fn from(error: MigrationError) -> Self {
        match error {
            MigrationError::Database(error) => error.into(),
            error @ (MigrationError::Changed { .. }
            | MigrationError::Unknown { .. }
            | MigrationError::OldServer { .. }) => Self::from_error(ErrorKind::Conflict, error),
            error => Self {
                kind: ErrorKind::Failed,
                message: error.to_string(),
                cause: None,
                pause: None,
            },
        }
    }
}

impl From<PipelineError> for OpError {
    fn from(error: PipelineError) -> Self {
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
        let is_database_down = cause.is_some_and(DbError::is_transient);
        let vendors = match &error {
            PipelineError::Source(source) => ConnectorError::behind(source),
            _ => None,
        };
        let pause = vendors.and_then(crate::sync::asked_pause);
        let kind = match vendors {
            Some(vendors) => crate::sync::kind(vendors),
            None if is_database_down => ErrorKind::DependencyDown,
            None => ErrorKind::Failed,
        };
        Self::from_error(kind, error).with_pause(pause)
    }
}

impl From<OpenError> for OpError {
    fn from(error: OpenError) -> Self {
        let kind = match &error {
            OpenError::Missing { .. } => ErrorKind::NotFound,
            // The mapping says what is not there; where it is silent, the file is what does not fit.
            OpenError::Mapping {
                source:
                    MappingError::UnknownField { .. }
                    | MappingError::NoSuchColumn { .. }
                    | MappingError::UnusableColumn { .. },
                ..
            } => ErrorKind::Usage,
            _ => ErrorKind::Failed,
        };
        Self::from_error(kind, error)
    }
}

impl From<ExplainError> for OpError {
    fn from(error: ExplainError) -> Self {
        let kind = match &error {
            ExplainError::Locked { .. } => ErrorKind::Conflict,
            error if error.is_usage() => ErrorKind::Usage,
            _ => ErrorKind::Failed,
        };
        // It says in its own line what the server said.
        Self { kind, message: error.to_string(), cause: None, pause: None }
    }
}

impl From<AdviceError> for OpError {
    fn from(error: AdviceError) -> Self {
        match error {
            AdviceError::Explain(error) => error.into(),
            AdviceError::Empty | AdviceError::NoPlan(_) => {
                Self::from_error(ErrorKind::Usage, error)
            }
            other => Self::from_error(ErrorKind::Failed, other),
        }
    }
}

impl From<ProofError> for OpError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Advice(error) => error.into(),
            ProofError::BadAddress(_) => Self::from_error(ErrorKind::Usage, error),
            other => Self::from_error(ErrorKind::Failed, other),
        }
    }
}

impl From<PlanError> for OpError {
    fn from(error: PlanError) -> Self {
        Self::from_error(ErrorKind::Usage, error)
    }
}

impl From<WorkloadError> for OpError {
    fn from(error: WorkloadError) -> Self {
        Self { kind: ErrorKind::Failed, message: error.to_string(), cause: None, pause: None }
    }
}

impl From<MappingError> for OpError {
    fn from(error: MappingError) -> Self {
        Self::from_error(ErrorKind::Usage, error)
    }
}

/// Says what went wrong with its reasons, one below the other.
pub(crate) fn with_reasons(error: &(dyn std::error::Error + 'static)) -> String {
    joined(error, "\n  because: ")
}

/// Joins what an error says with what those behind it add.
pub(super) fn joined(error: &(dyn std::error::Error + 'static), separator: &str) -> String {
    let mut text = error.to_string();
    let mut at = error;
    // A statement's error says in its own line what the server said.
    while !matches!(at.downcast_ref(), Some(DbError::Statement { .. }))
        && let Some(cause) = at.source()
    {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(separator);
            text.push_str(&said);
        }
        at = cause;
    }
    text
}
