//! Which indexes a workload would gain from: proposed from plans, judged by the house's rules, weighed by the
//! planner's costs, chosen within a budget.

mod catalog;
mod choose;
mod costs;
mod error;
mod index;
mod leading;
mod parts;
mod pool;
mod propose;
mod reference;
mod rules;
mod search;
mod shape;
mod size;
mod sketch;
mod upkeep;
mod ways;
mod what_if;
mod worth;

#[cfg(test)]
pub(crate) use catalog::Column;
pub(crate) use catalog::{Catalog, Kind, Table};
pub use error::AdviceError;
pub(crate) use error::doing;
pub(crate) use index::mark;
pub use index::{Index, Key, Method};
pub(crate) use reference::without_alias;
pub use rules::{LOW_CARDINALITY, Rejected, SMALL_TABLE_ROWS};
pub(crate) use search::{Chosen, Question, Questions, Search, megabytes};
pub use upkeep::{Needless, needless};
pub use what_if::MissingWhatIf;
