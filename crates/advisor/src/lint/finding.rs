//! What a rule found, where, and how bad it is.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::rules::About;
use super::script::{Script, Span};
use super::state::Size;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; nothing has to change.
    Note,
    /// Somebody should look: it is wrong in most cases, and right in some.
    Warning,
    /// It stops others, loses something, opens something, or fails.
    Error,
}

impl Severity {
    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Rows below which a lock is over before anybody notices.
const SMALL_ROWS: i64 = 10_000;

/// Bytes below which a table is read in milliseconds.
const SMALL_BYTES: i64 = 16 << 20;

impl Size {
    /// Whether work on the table is over before anybody notices.
    pub const fn is_small(self) -> bool {
        self.rows < SMALL_ROWS && self.bytes < SMALL_BYTES
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, divisor) = match self.bytes {
            0..1_048_576 => ("KiB", 1_i64 << 10),
            1_048_576..1_073_741_824 => ("MiB", 1 << 20),
            _ => ("GiB", 1 << 30),
        };
        let tenths = self.bytes.saturating_mul(10) / divisor;
        write!(formatter, "about {} rows, {}.{} {unit}", self.rows, tenths / 10, tenths % 10)
    }
}

/// What a rule found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub path: String,
    /// The line, from one.
    pub line: usize,
    /// The column, from one, in characters.
    pub column: usize,
    /// The line where it ends.
    pub end_line: usize,
    /// The column behind its last character.
    pub end_column: usize,
    /// What is wrong, with names.
    pub message: String,
    /// What the database says of it: the table's size, a column's values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// What to do instead.
    pub help: String,
    /// Where it stands, in bytes.
    #[serde(skip)]
    pub span: Span,
}

/// Collects what the rules find in one script.
pub struct Findings<'s> {
    script: &'s Script,
    about: Option<&'static About>,
    found: Vec<Finding>,
}

impl<'s> Findings<'s> {
    /// Collects what is found in a script.
    pub(super) const fn new(script: &'s Script) -> Self {
        Self { script, about: None, found: Vec::new() }
    }

    /// Says which rule looks now.
    pub(super) const fn looking(&mut self, about: &'static About) {
        self.about = Some(about);
    }

    /// Returns everything that was found.
    pub(super) fn into_found(self) -> Vec<Finding> {
        self.found
    }

    /// Keeps a finding; what is returned can say more.
    pub fn add(&mut self, span: Span, message: impl Into<String>) -> More<'_> {
        let about = self.about.unwrap_or(&super::rules::SYNTAX);
        let (line, column) = self.script.position(span.start);
        let (end_line, end_column) = self.script.position(span.end);
        self.found.push(Finding {
            rule: about.name,
            severity: about.severity,
            path: self.script.path.clone(),
            line,
            column,
            end_line,
            end_column,
            message: message.into(),
            evidence: None,
            help: about.remedy.to_owned(),
            span,
        });
        let last = self.found.len() - 1;
        More { finding: &mut self.found[last] }
    }
}

/// Says more of a finding.
pub struct More<'f> {
    finding: &'f mut Finding,
}

impl More<'_> {
    /// Says what to do in this very case.
    pub fn help(self, help: impl Into<String>) -> Self {
        self.finding.help = help.into();
        self
    }

    /// Makes it as bad as this, and no worse.
    pub fn at_most(self, severity: Severity) -> Self {
        self.finding.severity = self.finding.severity.min(severity);
        self
    }

    /// Makes it as bad as this.
    pub fn severity(self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }

    /// Says what the database says of it.
    pub fn evidence(self, evidence: impl Into<String>) -> Self {
        self.finding.evidence = Some(evidence.into());
        self
    }

    /// Says how large the table is; on a small one nobody would notice, so it is a note.
    pub fn sized(self, size: Option<Size>) -> Self {
        match size {
            Some(size) if size.is_small() => {
                self.evidence(format!("the table is small: {size}")).at_most(Severity::Note)
            }
            Some(size) => self.evidence(size.to_string()),
            None => self,
        }
    }
}
