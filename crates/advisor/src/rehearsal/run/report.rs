//! What a rehearsal saw.

use schemars::JsonSchema;
use serde::Serialize;

use super::locks::LockMode;

/// What applying one migration did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MigrationRun {
    /// What it is called.
    pub name: String,
    /// What its statements did, in order, up to one that failed.
    pub statements: Vec<StatementRun>,
    /// How taking it back went; nothing where it has no other half.
    pub down: Option<WayBack>,
    /// Statements of the program that worked before it and fail after it.
    pub broken: Vec<BrokenStatement>,
    /// What the workload did meanwhile.
    pub workload: WorkloadRun,
}

/// What one statement did.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct StatementRun {
    /// The line it begins in, from one.
    pub line: usize,
    /// The statement, in one line, cut where it is long.
    pub text: String,
    /// All of it.
    #[serde(skip)]
    pub source: String,
    /// How long it took, in milliseconds: with nothing else going on, where it can be taken back.
    pub duration_ms: f64,
    /// The transaction it ran in, by number; statements with the same number share one.
    pub transaction: Option<usize>,
    /// Locks on tables that were there before, which it took first in its transaction.
    pub locks: Vec<LockTaken>,
    /// Tables and indexes that were written anew.
    pub rewritten: Vec<Rewritten>,
    /// Tables that were read from end to end, or almost.
    pub scanned: Vec<RowsOf>,
    /// Indexes that were built on tables that were there before.
    pub built: Vec<BuiltIndex>,
    /// Rows that were changed in tables that were there before.
    pub changed: Vec<RowsOf>,
    /// Tables with rows that are gone, and columns that are.
    pub lost: Vec<Lost>,
    /// Bytes of log written while it ran.
    pub wal_bytes: u64,
    /// By how many bytes the database grew, or shrank.
    pub size_change_bytes: i64,
    /// Who waited for it.
    pub blocked: Blocked,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// A lock that a statement took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LockTaken {
    /// The table or index.
    pub relation: String,
    /// How strong it is.
    pub mode: LockMode,
    /// How many partitions or chunks of it are locked with it.
    pub parts: usize,
    /// Whether it is on a table that others read or write, and not on an index.
    pub is_table: bool,
    /// About how many rows the table has in the database.
    pub real_rows: u64,
}

/// What was written anew.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rewritten {
    /// The table or index.
    pub relation: String,
    /// Whether it is an index.
    pub is_index: bool,
    /// About how many rows it has in the copy.
    pub rows: u64,
    /// About how many it has in the database.
    pub real_rows: u64,
    /// How many bytes it has now.
    pub bytes: u64,
}

/// Rows of a table.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RowsOf {
    /// The table.
    pub relation: String,
    /// How many, in the copy.
    pub rows: u64,
    /// About how many that would be in the database.
    pub real_rows: u64,
}

/// An index that was built.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BuiltIndex {
    /// The index.
    pub index: String,
    /// The table.
    pub relation: String,
    /// How many rows were read for it.
    pub rows: u64,
    /// About how many that would be in the database.
    pub real_rows: u64,
}

/// Something with values that is gone.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Lost {
    /// A table, or a column as `table.column`.
    pub what: String,
    /// How many rows had values there, in the copy.
    pub rows: u64,
}

/// Who waited for a statement.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Blocked {
    /// How many waits were seen.
    pub waits: usize,
    /// How long the longest was, in milliseconds.
    pub longest_ms: f64,
    /// How long all were together, in milliseconds.
    pub total_ms: f64,
    /// What the longest wait was for.
    pub waiting: Option<String>,
}

/// Why a statement failed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Failure {
    /// The server's code for it.
    pub code: String,
    /// What the server said.
    pub message: String,
    /// The rows that are in its way.
    pub violations: Option<Violations>,
    /// What a build that broke off leaves behind.
    pub left_behind: Vec<String>,
}

/// Rows that are in the way of a migration.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Violations {
    /// What is wrong with them.
    pub what: String,
    /// How many there are in the copy.
    pub rows: u64,
    /// About how many there are in the database.
    pub real_rows: u64,
    /// The keys of some of them.
    pub examples: Vec<String>,
}

/// How taking a migration back went, and applying it again.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct WayBack {
    /// What its statements did.
    pub statements: Vec<StatementRun>,
    /// What is otherwise in the schema than before, as lines of a dump with `+` and `-`.
    pub schema_differences: Vec<String>,
    /// Tables whose rows are not what they were.
    pub lost_data: Vec<String>,
    /// Why applying it again failed.
    pub again_failed: Option<Failure>,
    /// What is otherwise in the schema after applying it again.
    pub again_differences: Vec<String>,
}

impl WayBack {
    /// Why it cannot be taken back.
    pub fn failure(&self) -> Option<&Failure> {
        self.statements.iter().find_map(|statement| statement.failure.as_ref())
    }
}

/// A statement that a migration breaks.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BrokenStatement {
    /// The statement.
    pub statement: String,
    /// What the server says now.
    pub error: String,
}

/// What the workload did while a migration ran.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct WorkloadRun {
    /// The tables it worked with.
    pub tables: Vec<String>,
    /// How many sessions it had.
    pub sessions: usize,
    /// How many statements they ran.
    pub statements: u64,
    /// How long the slowest took, in milliseconds.
    pub slowest_ms: f64,
    /// Why the migration failed under it, where it does not alone.
    pub failure: Option<Failure>,
}
