//! The validation rules: one file a rule, one line here.

mod currency_known;
pub(crate) mod duplicate_in_batch;
mod duplicate_in_table;
mod known_product;
mod known_store;
mod known_supplier;
mod money_exact;
mod number_readable;
mod quantity_positive;
mod required_fields;
mod still_kept;
mod stock_not_negative;
mod text_storable;
mod time_readable;
pub(crate) mod time_sane;
mod time_unambiguous;
mod total_not_negative;
mod totals_add_up;
mod type_known;
mod well_formed;

use std::borrow::Cow;

use jiff::Timestamp;

pub use currency_known::CurrencyKnown;
pub use duplicate_in_batch::DuplicateInBatch;
pub use duplicate_in_table::DuplicateInTable;
pub use known_product::KnownProduct;
pub use known_store::KnownStore;
pub use known_supplier::KnownSupplier;
pub use money_exact::MoneyExact;
pub use number_readable::NumberReadable;
pub use quantity_positive::QuantityPositive;
pub use required_fields::RequiredFields;
pub use still_kept::StillKept;
pub use stock_not_negative::StockNotNegative;
pub use text_storable::TextStorable;
pub use time_readable::TimeReadable;
pub use time_sane::TimeSane;
pub use time_unambiguous::TimeUnambiguous;
pub use total_not_negative::TotalNotNegative;
pub use totals_add_up::TotalsAddUp;
pub use type_known::TypeKnown;
pub use well_formed::WellFormed;

use crate::Stream;
use crate::records::Draft;
use crate::values::UnreadableKind;

/// What is wrong with a record, as one clause.
pub type Reason = Cow<'static, str>;

/// One check that a record must pass.
pub trait Rule: Sync {
    /// The name, as quarantine, logs and reports show it.
    fn name(&self) -> &'static str;

    /// What must hold, in one sentence.
    fn summary(&self) -> &'static str;

    /// Why it matters, and what to do about a record that fails.
    fn explanation(&self) -> &'static str;

    /// What happens to a record that fails.
    fn severity(&self) -> Severity {
        Severity::Error
    }

    /// Who can judge it.
    fn stage(&self) -> Stage {
        Stage::Record
    }

    /// Whether it has anything to say of a stream's records.
    fn applies_to(&self, _stream: Stream) -> bool {
        true
    }

    /// Judges one record; only asked where [`Rule::stage`] is [`Stage::Record`].
    ///
    /// # Errors
    /// Says what is wrong with this very record.
    fn check(&self, _draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        Ok(())
    }
}

/// What happens to a record that fails a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It goes to quarantine.
    Error,
    /// It is loaded and counted.
    Warning,
}

/// Who can judge a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The source, while it takes records apart.
    Source,
    /// The rule itself, from one record.
    Record,
    /// The pipeline, from the records of a batch.
    Batch,
    /// The sink, from the tables.
    Table,
}

/// What rules may know besides the record.
#[derive(Clone, Copy, Debug)]
pub struct RuleContext {
    /// The present, told by the caller.
    pub now: Timestamp,
}

/// Every rule, in the order they run and are documented: the first error decides.
pub const RULES: &[&dyn Rule] = &[
    &WellFormed,
    &TextStorable,
    &RequiredFields,
    &NumberReadable,
    &TimeReadable,
    &TypeKnown,
    &CurrencyKnown,
    &QuantityPositive,
    &StockNotNegative,
    &MoneyExact,
    &TotalNotNegative,
    &TotalsAddUp,
    &TimeSane,
    &TimeUnambiguous,
    &DuplicateInBatch,
    &StillKept,
    &KnownStore,
    &KnownProduct,
    &KnownSupplier,
    &DuplicateInTable,
];

/// Returns the rule of that name.
pub fn find(name: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|rule| rule.name() == name)
}

/// Returns the record rules of a stream, in order.
pub fn record_rules(stream: Stream) -> Vec<&'static dyn Rule> {
    let concerns =
        |rule: &&'static dyn Rule| rule.stage() == Stage::Record && rule.applies_to(stream);
    RULES.iter().copied().filter(concerns).collect()
}

/// Fails when any field was unreadable as `kind`.
fn all_readable(draft: &Draft, kind: UnreadableKind) -> Result<(), Reason> {
    let problem = draft.find_field(|spec, state| {
        let problem = state.problem.filter(|problem| problem.kind == kind)?;
        Some(format!("{}: {}", spec.name, problem.reason))
    });
    problem.map_or(Ok(()), |reason| Err(Cow::Owned(reason)))
}

#[cfg(test)]
mod tests;
