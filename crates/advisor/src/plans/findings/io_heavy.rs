//! The time goes into reading pages.

use super::{Confidence, Finding, Look, Rule, Share, ShareOf};
use crate::plans::tree::count;

/// The share of the time that reading may take.
const SHARE: f64 = 0.5;

/// Fewer pages are no matter: eight megabytes.
const PAGES: f64 = 1_024.0;

/// Pages from outside for each from the cache, where nobody took the time of reading.
const PER_HIT: f64 = 10.0;

/// See the summary.
pub(super) struct IoHeavy;

impl Rule for IoHeavy {
    fn name(&self) -> &'static str {
        "io-heavy"
    }

    fn summary(&self) -> &'static str {
        "Half of the time goes into reading pages that the server did not have, or nearly all pages are such."
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
        let is_cold = reading <= 0.0 && root.buffers.read >= root.buffers.hit * PER_HIT;
        if root.buffers.read < PAGES || !(part >= SHARE || is_cold) {
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
        let read =
            format!("{} pages were read from outside the server's cache", count(root.buffers.read));
        let finding = if is_cold {
            Finding::at(self, look, reader, read)
                .evidence("how long that took is not known: track_io_timing is off")
                .confidence(Confidence::Low)
        } else {
            Finding::at(self, look, reader, format!("{read}, in {reading:.0} ms"))
                .share_of(Share { part, of: ShareOf::Time })
        };
        let finding = finding
            .evidence(format!("{} pages were in the cache", count(root.buffers.hit)))
            .advise("run it again: if it is fast now, the cache was cold and nothing else is wrong")
            .advise("read fewer pages: an index that covers the columns, compression, a rollup");
        vec![finding]
    }
}
