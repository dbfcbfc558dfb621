//! EXPLAIN, read: plans as trees, what is wrong with them, and how they are shown.

pub(crate) mod condition;
mod error;
mod facts;
pub mod findings;
mod fold;
mod plan;
mod read;
mod report;
mod run;
mod series;
mod timing;
mod tree;

pub(crate) use error::describe;
pub use error::{ExplainError, PlanError};
pub use facts::{ColumnFacts, Facts, FunctionFacts, IndexFacts, Lag, TableFacts};
pub(crate) use plan::quoted;
pub use plan::{
    Actual, Buffers, Conditions, Estimate, Hash, Jit, Memoize, Node, Plan, Removed, Sort, Trigger,
};
pub use read::{read, read_value};
pub use report::report;
pub use run::{ExplainRequest, Explained, explain, explain_within};
pub(crate) use run::{explain_for_all, literal};
pub use series::{ChunkFacts, JobFacts, RollupFacts};
pub(crate) use tree::count;
pub use tree::draw;
