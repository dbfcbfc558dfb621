//! Compressed batches are opened and most of their rows thrown away.

use super::{Finding, Look, Rule};
use crate::plans::Node;
use crate::plans::condition::{Side, clause, conjuncts};
use crate::plans::plan::quoted;
use crate::plans::tree::count;

/// Thrown away rows for each that is kept.
const PER_ROW: f64 = 10.0;

/// Fewer thrown away rows are no matter.
const ROWS: f64 = 1_000.0;

/// See the summary.
pub(super) struct ChunkDecompressed;

impl Rule for ChunkDecompressed {
    fn name(&self) -> &'static str {
        "chunk-decompressed"
    }

    fn summary(&self) -> &'static str {
        "Compressed batches are opened, and nine of ten of their rows thrown away."
    }

    fn why(&self) -> &'static str {
        "A batch holds up to a thousand rows. Only a comparison with a column that batches are kept apart \
         by, or ordered by, lets a batch stay closed."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for node in
            look.nodes().filter(|node| is_decompression(node) && look.is_worth_it_below(node))
        {
            let Some(finding) = self.judge(look, node) else { continue };
            match findings.iter_mut().find(|it| it.evidence.first() == finding.evidence.first()) {
                // Each chunk says the same.
                Some(known) => known.nodes.extend(finding.nodes),
                None => findings.push(finding),
            }
        }
        findings
    }
}

pub(super) fn is_decompression(node: &Node) -> bool {
    node.provider.as_deref().is_some_and(|it| matches!(it, "DecompressChunk" | "ColumnarScan"))
}

impl ChunkDecompressed {
    fn judge(&self, look: &Look<'_>, node: &Node) -> Option<Finding> {
        let (kept, removed) = (node.actual_rows()?, node.filtered_rows());
        if removed < ROWS || removed < kept * PER_ROW {
            return None;
        }
        let conditions = [&node.conditions.filter, &node.conditions.vectorized_filter];
        let table = look.table(node);
        let columns: Vec<String> = conditions
            .into_iter()
            .flatten()
            .flat_map(|text| conjuncts(text))
            .filter_map(clause)
            .filter_map(|clause| match clause.subject()?.0 {
                Side::Column(column) => Some(column),
                _ => None,
            })
            .filter(|column| {
                table.is_none_or(|it| {
                    !it.segment_by.contains(column) && !it.order_by.contains(column)
                })
            })
            .collect();
        let named = columns.join(", ");
        let what = format!(
            "{} rows are taken out of compressed batches to keep {}",
            count(kept + removed),
            count(kept)
        );
        let mut finding = Finding::at(self, look, node, what)
            .share_of(look.share_below(node))
            .evidence(format!("filtered after decompression: {named}"))
            .evidence(format!("{} rows thrown away", count(removed)));
        if let Some(table) = table {
            finding = finding.evidence(format!(
                "batches are kept apart by {}, ordered by {}",
                listed(&table.segment_by),
                listed(&table.order_by)
            ));
        }
        let whole = table.and_then(|table| table.part_of.clone()).or_else(|| node.table())?;
        let mut segments: Vec<String> = table.map(|it| it.segment_by.clone()).unwrap_or_default();
        segments.extend(columns.into_iter().take(1));
        let segments = segments.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(", ");
        Some(
            finding
                .advise_sql(
                    "keep batches apart by that column too, where each of its values has hundreds of \
                     rows in a chunk; chunks that are compressed already keep the old way until they \
                     are compressed again",
                    format!("alter table {whole} set (timescaledb.compress_segmentby = '{segments}');"),
                )
                .advise("or order batches by it, so that their smallest and largest values say enough"),
        )
    }
}

fn listed(columns: &[String]) -> String {
    if columns.is_empty() { "nothing".to_owned() } else { columns.join(", ") }
}
