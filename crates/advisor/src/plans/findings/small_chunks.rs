//! A table is cut into so many small parts that opening them is what takes time.

use super::chunk_decompressed::is_decompression;
use super::chunks_not_excluded::is_append;
use super::look::WORTH;
use super::{Confidence, Finding, Look, Rule, Share, ShareOf};
use crate::plans::{Node, TableFacts};
use crate::timeseries::bytes;

/// Fewer parts are opened in no time.
const PARTS: usize = 100;

/// So many are too many whatever is in them.
const TOO_MANY: usize = 1_000;

/// Below that a part is smaller than opening it is worth.
const SMALL: f64 = 25.0 * 1_024.0 * 1_024.0;

/// Lengths worth choosing from, in days.
const LENGTHS: [f64; 4] = [1.0, 7.0, 28.0, 91.0];

/// A day, in seconds.
const DAY: f64 = 86_400.0;

/// See the summary.
pub(super) struct SmallChunks;

impl Rule for SmallChunks {
    fn name(&self) -> &'static str {
        "small-chunks"
    }

    fn summary(&self) -> &'static str {
        "A hundred partitions or chunks of less than 25 MiB are read, or a thousand of any size."
    }

    fn why(&self) -> &'static str {
        "Each part is opened, locked and planned with all its indexes, and has a scan of its own, which \
         costs the same for ten rows as for a million."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let mut wholes: Vec<&str> =
            parts(look).filter_map(|(_, it)| it.part_of.as_deref()).collect();
        wholes.sort_unstable();
        wholes.dedup();
        wholes.into_iter().filter_map(|whole| self.judge(look, whole)).collect()
    }
}

/// Returns the scans of parts of tables; not those of what a compressed chunk is kept in.
fn parts<'l>(look: &Look<'l>) -> impl Iterator<Item = (&'l Node, &'l TableFacts)> {
    let plan = look.plan;
    let facts = look.facts;
    plan.nodes
        .iter()
        .filter(|node| !plan.parent(node).is_some_and(is_decompression))
        .filter_map(|node| Some((node, facts.table(node).filter(|it| it.part_of.is_some())?)))
}

/// Returns what a part takes with its indexes, without compression.
fn size(table: &TableFacts) -> i64 {
    let indexes: i64 = table.indexes.iter().map(|index| index.bytes).sum();
    let before = table.chunk.as_ref().filter(|it| it.is_compressed).and_then(|it| it.bytes_before);
    before.unwrap_or(table.bytes + indexes)
}

impl SmallChunks {
    fn judge(&self, look: &Look<'_>, whole: &str) -> Option<Finding> {
        let of_whole = parts(look).filter(|(_, it)| it.part_of.as_deref() == Some(whole));
        let mut tables: Vec<&TableFacts> = Vec::new();
        let mut first = None;
        for (node, table) in of_whole {
            first.get_or_insert(node);
            tables.push(table);
        }
        tables.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        tables.dedup_by(|one, other| one.name == other.name && one.schema == other.schema);
        let count = tables.len();
        let taken: i64 = tables.iter().map(|table| size(table)).sum();
        let mean = taken as f64 / (count as f64).max(1.0);
        if count < PARTS || (count < TOO_MANY && mean >= SMALL) {
            return None;
        }
        let share = planning(look);
        // Where planning was measured it must matter.
        if count < TOO_MANY && share.is_some_and(|share| share.part < WORTH) {
            return None;
        }
        let first = first?;
        let at = look.plan.ancestors(first).find(|node| is_append(node)).unwrap_or(first);
        let what = format!("{count} parts of {whole} are read, of {} each", bytes(mean));
        let mut finding = Finding::at(self, look, at, what).confidence(Confidence::Medium);
        if let Some(share) = share {
            finding = finding.share_of(share);
        }
        if let Some(planning) = look.plan.planning_ms {
            finding = finding.evidence(format!("planned in {planning:.1} ms"));
        }
        let chunk = tables.iter().find_map(|table| table.chunk.as_ref());
        if let Some(length) = chunk.and_then(|chunk| chunk.length) {
            let whole = whole.replace('\'', "''");
            let days = longer(length.seconds, mean);
            finding = finding.evidence(format!("each holds {}", length.shown())).advise_sql(
                "cut what is to come into longer chunks; those that are there stay as they are, unless \
                 merge_chunks (the community edition from 2.18 on) joins neighbours",
                format!("select set_chunk_time_interval('{whole}', interval '{days} days');"),
            );
        } else {
            finding = finding.advise("cut the table into larger parts");
        }
        Some(finding.advise(
            "until then, compare the partitioning column with constants, so that few parts are opened",
        ))
    }
}

/// Returns the share of planning in the whole, where both were measured.
fn planning(look: &Look<'_>) -> Option<Share> {
    let (planning, executing) = (look.plan.planning_ms?, look.plan.total_ms()?);
    let part = planning / (planning + executing).max(0.001);
    Some(Share { part, of: ShareOf::Time })
}

/// Returns for how many days a chunk would have to be cut to be no longer small.
fn longer(seconds: f64, mean: f64) -> f64 {
    let wanted = seconds / DAY * (SMALL / mean.max(1.0)).max(2.0);
    LENGTHS.into_iter().find(|days| *days >= wanted).unwrap_or(91.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_chunks_hold_enough_and_have_lengths_that_people_name() {
        let (hour, megabyte) = (3_600.0, 1_048_576.0);
        assert_eq!(longer(hour, 2.0 * megabyte), 1.0);
        assert_eq!(longer(DAY, 10.0 * megabyte), 7.0);
        assert_eq!(longer(DAY, 30.0 * megabyte), 7.0);
        assert_eq!(longer(7.0 * DAY, 8.0 * megabyte), 28.0);
        assert_eq!(longer(DAY, 100.0), 91.0);
    }
}
