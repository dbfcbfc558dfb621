//! Judges the drafts of one block.

use crate::quarantine::QuarantinedRecord;
use crate::records::{Draft, Record};
use crate::rules::{Reason, Rule, RuleContext, Severity};
use crate::source::{Malformed, RawRecords};

/// What the record rules made of a draft.
pub struct Judged {
    /// Whether it may go on.
    pub judgement: Judgement,
    /// The names of the rules that only warn and were not met.
    pub warnings: Vec<&'static str>,
}

/// Whether a draft may go on.
#[expect(clippy::large_enum_variant, reason = "nearly all drafts pass, and boxing them costs more")]
pub enum Judgement {
    /// It passed.
    Accepted(Record),
    /// It did not.
    Rejected {
        /// The first rule that it failed.
        rule: &'static str,
        /// Why.
        reason: Reason,
    },
}

/// Judges one draft by the record rules of its stream, in order; the first error decides.
pub fn judge(
    draft: Result<Draft, Malformed>,
    rules: &[&'static dyn Rule],
    context: &RuleContext,
) -> Judged {
    let draft = match draft {
        Ok(draft) => draft,
        Err(malformed) => return Judged::rejected("well-formed", malformed.reason.into()),
    };
    let mut warnings = Vec::new();
    for rule in rules {
        match rule.check(&draft, context) {
            Ok(()) => {}
            Err(_) if rule.severity() == Severity::Warning => warnings.push(rule.name()),
            Err(reason) => return Judged::rejected(rule.name(), reason),
        }
    }
    match draft.accept() {
        Some(record) => Judged { judgement: Judgement::Accepted(record), warnings },
        // The required-fields rule stands in every stream's list, so this is never reached; a
        // record that slips through would be lost, and nothing may be.
        None => Judged::rejected("required-fields", "a required field has no value".into()),
    }
}

impl Judged {
    const fn rejected(rule: &'static str, reason: Reason) -> Self {
        Self { judgement: Judgement::Rejected { rule, reason }, warnings: Vec::new() }
    }
}

/// Collects what quarantine keeps of a record.
pub(super) fn quarantined(
    rule: &'static str,
    reason: Reason,
    raw: &dyn RawRecords,
    index: usize,
) -> QuarantinedRecord {
    QuarantinedRecord {
        rule,
        reason,
        position: raw.position(index),
        raw: raw.raw(index),
        missing_reference: None,
        replay_of: raw.replay_of(index),
    }
}
