//! Compressed batches are opened and most of their rows thrown away.

use super::{Finding, Look, Rule};
use crate::plans::condition::{Side, clause, conjuncts};
use crate::plans::plan::quoted;
use crate::plans::tree::count;
use crate::plans::{Node, TableFacts};

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
        let mut finding = Finding::at(self, look, node, what).share_of(look.share_below(node));
        if !columns.is_empty() {
            finding = finding.evidence(format!("filtered after decompression: {named}"));
        }
        finding = finding.evidence(format!("{} rows thrown away", count(removed)));
        // Whatever is compressed has an order: where none is known, what keeps batches apart is not either.
        let table = table.filter(|table| !table.order_by.is_empty());
        if let Some(table) = table {
            finding = finding.evidence(format!(
                "batches are kept apart by {}, ordered by {}",
                listed(&table.segment_by),
                listed(&table.order_by)
            ));
        }
        Some(advised(finding, table, &columns))
    }
}

/// Says how batches could stay closed. What keeps them apart is set as a whole: where it is not known, what is
/// needed of it would be lost with a statement, and words must do.
fn advised(finding: Finding, table: Option<&TableFacts>, columns: &[String]) -> Finding {
    let Some(column) = columns.first() else {
        return finding.advise(
            "compare columns that batches are kept apart by, or ordered by, as they are: a function or cast \
             around one keeps its batches from staying closed",
        );
    };
    let advice = "keep batches apart by that column too, where each of its values has hundreds of rows in a \
                  chunk; chunks that are compressed already keep the old way until they are compressed again";
    let finding = match table.and_then(|table| Some((table, table.part_of.as_ref()?))) {
        Some((table, whole)) => {
            let segments = table.segment_by.iter().chain([column]);
            let segments = segments.map(|it| quoted(it)).collect::<Vec<_>>().join(", ");
            finding.advise_sql(
                advice,
                format!("alter table {whole} set (timescaledb.compress_segmentby = '{segments}');"),
            )
        }
        None => finding.advise(format!(
            "{advice}: set timescaledb.compress_segmentby to what it is now and {column}"
        )),
    };
    finding.advise("or order batches by it, so that their smallest and largest values say enough")
}

fn listed(columns: &[String]) -> String {
    if columns.is_empty() { "nothing".to_owned() } else { columns.join(", ") }
}

#[cfg(test)]
mod tests {
    use crate::plans::findings::{Finding, look};
    use crate::plans::{Facts, TableFacts, read};

    fn found(filter: &str, facts: &Facts) -> Finding {
        let plan = format!(
            "Custom Scan (DecompressChunk) on public._hyper_1_1_chunk  (cost=0.15..106.00 rows=300 width=24) (actual time=0.900..20.100 rows=50 loops=1)
  Filter: {filter}
  Rows Removed by Filter: 99950
  ->  Seq Scan on public.compress_hyper_2_2_chunk  (cost=0.00..1.00 rows=100 width=64) (actual time=0.010..0.050 rows=100 loops=1)
Execution Time: 20.300 ms"
        );
        let findings = look(&read(&plan).unwrap(), facts, None);
        findings.into_iter().find(|it| it.rule == "chunk-decompressed").unwrap()
    }

    fn sql(finding: &Finding) -> Vec<&str> {
        finding.remedies.iter().filter_map(|it| it.sql.as_deref()).collect()
    }

    #[test]
    fn what_keeps_batches_apart_is_only_set_where_all_of_it_is_known() {
        let chunk = TableFacts {
            schema: "public".to_owned(),
            name: "_hyper_1_1_chunk".to_owned(),
            part_of: Some("public.readings".to_owned()),
            ..TableFacts::default()
        };
        let facts = |chunk: TableFacts| Facts { tables: vec![chunk], ..Facts::default() };
        for unknown in [Facts::default(), facts(chunk.clone())] {
            let finding = found("(amount = 7)", &unknown);
            assert!(sql(&finding).is_empty(), "{finding:?}");
            assert!(finding.remedies[0].advice.ends_with("to what it is now and amount"));
        }
        let known = facts(TableFacts {
            segment_by: vec!["device".to_owned()],
            order_by: vec!["at".to_owned()],
            ..chunk
        });
        assert_eq!(
            sql(&found("(amount = 7)", &known)),
            [
                "alter table public.readings set (timescaledb.compress_segmentby = 'device, amount');"
            ]
        );
        // The one column that is compared is hidden.
        let finding = found("((device)::text = '7'::text)", &known);
        assert!(sql(&finding).is_empty(), "{finding:?}");
        assert!(!finding.evidence.iter().any(|it| it.starts_with("filtered")), "{finding:?}");
    }
}
