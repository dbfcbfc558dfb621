//! More is handed out than anybody reads.

use super::{Confidence, Finding, Look, Rule, Share, ShareOf};
use crate::plans::tree::count;

/// Rows from which on it is looked at.
const ROWS: f64 = 10_000.0;

/// Bytes from which on the way to the client is what takes time.
const BYTES: f64 = 10e6;

/// See the summary.
pub(super) struct WideResult;

impl Rule for WideResult {
    fn name(&self) -> &'static str {
        "wide-result"
    }

    fn summary(&self) -> &'static str {
        "The answer has more than ten thousand rows and ten megabytes."
    }

    fn why(&self) -> &'static str {
        "EXPLAIN throws the answer away; whoever asked has to be sent all of it, and hold it."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let Some(root) = look.plan.root() else { return Vec::new() };
        if root.kind == "ModifyTable" {
            return Vec::new();
        }
        let rows = root.actual_rows().unwrap_or(root.estimate.rows);
        let bytes = rows * root.estimate.width;
        if rows < ROWS || bytes < BYTES {
            return Vec::new();
        }
        let what = format!("the answer has {} rows, some {:.0} MB", count(rows), bytes / 1e6);
        let finding = Finding::at(self, look, root, what)
            .share_of(Share { part: 0.0, of: ShareOf::Time })
            .advise("aggregate in SQL, ask for fewer columns, or read it page by page")
            .confidence(Confidence::Medium);
        vec![finding]
    }
}
