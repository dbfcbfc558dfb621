//! The time goes into reading pages.

use super::{Finding, Look, Rule, Share, ShareOf};
use crate::plans::tree::count;

/// The share of the time that reading may take.
const SHARE: f64 = 0.5;

/// Fewer pages are no matter: eight megabytes.
const PAGES: f64 = 1_024.0;

/// See the summary.
pub(super) struct IoHeavy;

impl Rule for IoHeavy {
    fn name(&self) -> &'static str {
        "io-heavy"
    }

    fn summary(&self) -> &'static str {
        "Half of the time goes into reading pages that the server did not have."
    }

    fn why(&self) -> &'static str {
        "A page from the disk takes a hundred times what one from memory takes, so fewer pages are worth \
         more than a faster calculation."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let (Some(root), Some(total)) = (look.plan.root(), look.plan.total_ms()) else {
            return Vec::new();
        };
        // Times of reading are kept only with track_io_timing, and add up over workers.
        let reading = root.buffers.read_ms;
        let part = (reading / total.max(0.001)).min(1.0);
        if part < SHARE || root.buffers.read < PAGES {
            return Vec::new();
        }
        let reader = look.nodes().max_by(|one, other| {
            let own = |node: &crate::plans::Node| {
                let below: f64 = look.plan.children(node).map(|it| it.buffers.read).sum();
                node.buffers.read - below
            };
            own(one).total_cmp(&own(other))
        });
        let Some(reader) = reader else { return Vec::new() };
        let what = format!(
            "{} pages were read from outside the server's cache, in {reading:.0} ms",
            count(root.buffers.read)
        );
        let finding = Finding::at(self, look, reader, what)
            .share_of(Share { part, of: ShareOf::Time })
            .evidence(format!("{} pages were in the cache", count(root.buffers.hit)))
            .advise("run it again: if it is fast now, the cache was cold and nothing else is wrong")
            .advise("read fewer pages: an index that covers the columns, compression, a rollup");
        vec![finding]
    }
}
