//! What is wrong with a plan: one file a rule, one line here.
//!
//! A rule says nothing that the plan, or the catalog of a live database, does not show. Where the
//! statement did not run, it says that it speaks of estimates.

mod aggregate_spill;
mod bitmap_lossy;
mod chunk_decompressed;
mod chunks_not_excluded;
mod column_hidden;
mod filter_above_cte;
mod hash_spill;
mod heap_fetches;
mod index_inefficient;
mod io_heavy;
mod jit_overhead;
mod join_filter_discard;
mod large_offset;
mod leading_wildcard;
mod misestimate;
mod nested_loop_blowup;
mod not_in_subquery;
mod old_chunks_uncompressed;
mod or_not_split;
mod parallel_starved;
mod planning_heavy;
mod realtime_tail;
mod rollup_missing;
mod row_security_cost;
mod seq_scan_discard;
mod slower_outside;
mod small_chunks;
mod sort_spill;
mod stale_statistics;
mod subplan_repeated;
mod temporary_files;
mod trigger_time;
mod wide_result;
mod wrong_index_order_by;

mod finding;
mod indexing;
mod look;

pub(super) use chunks_not_excluded::is_append;
pub use finding::{Confidence, Finding, Remedy, Share, ShareOf};
pub use look::Look;

use std::collections::BTreeMap;

use super::{Facts, Plan};

/// One thing that can be wrong with a plan.
pub trait Rule: Sync {
    /// The name.
    fn name(&self) -> &'static str;

    /// What it looks for, in one sentence.
    fn summary(&self) -> &'static str;

    /// Why it matters.
    fn why(&self) -> &'static str;

    /// Looks at a plan.
    fn look(&self, look: &Look<'_>) -> Vec<Finding>;
}

/// Every rule, in the order they are documented. Findings are told by what they weigh.
pub const RULES: &[&dyn Rule] = &[
    &column_hidden::ColumnHidden,
    &seq_scan_discard::SeqScanDiscard,
    &index_inefficient::IndexInefficient,
    &or_not_split::OrNotSplit,
    &wrong_index_order_by::WrongIndexOrderBy,
    &misestimate::Misestimate,
    &stale_statistics::StaleStatistics,
    &nested_loop_blowup::NestedLoopBlowup,
    &join_filter_discard::JoinFilterDiscard,
    &sort_spill::SortSpill,
    &hash_spill::HashSpill,
    &aggregate_spill::AggregateSpill,
    &temporary_files::TemporaryFiles,
    &bitmap_lossy::BitmapLossy,
    &heap_fetches::HeapFetches,
    &io_heavy::IoHeavy,
    &subplan_repeated::SubplanRepeated,
    &not_in_subquery::NotInSubquery,
    &filter_above_cte::FilterAboveCte,
    &row_security_cost::RowSecurityCost,
    &large_offset::LargeOffset,
    &leading_wildcard::LeadingWildcard,
    &chunks_not_excluded::ChunksNotExcluded,
    &chunk_decompressed::ChunkDecompressed,
    &old_chunks_uncompressed::OldChunksUncompressed,
    &small_chunks::SmallChunks,
    &rollup_missing::RollupMissing,
    &realtime_tail::RealtimeTail,
    &jit_overhead::JitOverhead,
    &planning_heavy::PlanningHeavy,
    &trigger_time::TriggerTime,
    &parallel_starved::ParallelStarved,
    &wide_result::WideResult,
    &slower_outside::SlowerOutside,
];

/// Finds the rule of that name.
pub fn find(name: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|rule| rule.name() == name)
}

/// Looks at a plan with every rule. What weighs most comes first.
///
/// `usual_ms` is how long the statement usually takes, where somebody has measured that elsewhere.
pub fn look(plan: &Plan, facts: &Facts, usual_ms: Option<f64>) -> Vec<Finding> {
    let alone = BTreeMap::new();
    let parts = Look { plan, facts, usual_ms, parts: &alone }.together();
    let look = Look { plan, facts, usual_ms, parts: &parts };
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule.look(&look)).collect();
    let by_weight = |one: &Finding, other: &Finding| other.weight().total_cmp(&one.weight());
    findings.sort_by(by_weight);
    let mut findings = told_once(&look, findings);
    findings.sort_by(by_weight);
    findings
}

/// Lets one finding speak for all that a rule says alike of parts of one table: the one that weighs most.
fn told_once(look: &Look<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let mut told: Vec<(Finding, usize)> = Vec::new();
    for finding in findings {
        let part = part(look, &finding);
        let is_alike = |(known, _): &&mut (Finding, usize)| match (part, self::part(look, known)) {
            (Some(part), Some(other)) if part.whole == other.whole => {
                known.is_like(other.name, &finding, part.name)
            }
            _ => false,
        };
        let Some((known, parts)) = told.iter_mut().find(is_alike) else {
            told.push((finding, 1));
            continue;
        };
        *parts += 1;
        known.nodes.extend(finding.nodes);
        // What reaches beyond the parts is the same for all of them.
        if part.is_some_and(|part| finding.share.is_some_and(|it| it.part <= part.share)) {
            known.share = look::sum(known.share.into_iter().chain(finding.share));
        }
    }
    told.into_iter()
        .map(|(finding, parts)| match (part(look, &finding), parts - 1) {
            (_, 0) | (None, _) => finding,
            (Some(part), more) => {
                let word = if more == 1 { "part" } else { "parts" };
                finding.evidence(format!("alike in {more} more {word} of {}", part.whole))
            }
        })
        .collect()
}

/// A part of a table of which a finding speaks.
#[derive(Clone, Copy, Debug)]
struct Part<'l> {
    name: &'l str,
    whole: &'l str,
    /// What its scan takes with all that serves it.
    share: f64,
}

fn part<'l>(look: &Look<'l>, finding: &Finding) -> Option<Part<'l>> {
    let node = look.plan.nodes.get(*finding.nodes.first()?)?;
    let table = look.table(node)?;
    let whole = table.part_of.as_deref()?;
    Some(Part { name: &table.name, whole, share: look.share_below(node).part + 1e-9 })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_registry_lists_every_rule_of_the_directory() {
        const SHARED: [&str; 4] = ["mod", "finding", "indexing", "look"];
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/plans/findings");
        let files: BTreeSet<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
            .filter(|name| !SHARED.contains(&name.as_str()))
            .collect();
        let names: BTreeSet<String> = RULES.iter().map(|rule| rule.name().to_owned()).collect();
        assert_eq!(files, names);
        assert_eq!(names.len(), RULES.len(), "a name is used twice");
    }

    #[test]
    fn every_rule_says_what_and_why() {
        for rule in RULES {
            assert!(rule.summary().ends_with('.') && rule.why().ends_with('.'), "{}", rule.name());
            assert!(find(rule.name()).is_some());
        }
    }
}
