//! Chunks are read uncompressed that a policy should have compressed by now.

use super::{Confidence, Finding, Look, Rule};
use crate::plans::tree::count;
use crate::plans::{JobFacts, Lag, Node};
use crate::timeseries::bytes;

/// Fewer rows are read in no time, compressed or not.
const ROWS: f64 = 10_000.0;

/// See the summary.
pub(super) struct OldChunksUncompressed;

impl Rule for OldChunksUncompressed {
    fn name(&self) -> &'static str {
        "old-chunks-uncompressed"
    }

    fn summary(&self) -> &'static str {
        "Chunks are read as rows that a policy should have compressed by now."
    }

    fn why(&self) -> &'static str {
        "Compressed, a chunk takes a fraction of its pages, and of those only the columns are opened that \
         somebody asks for; a policy whose job does not run leaves everything as it was."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let mut wholes: Vec<&str> = look
            .nodes()
            .filter(|node| overdue(look, node).is_some())
            .filter_map(|node| look.table(node)?.part_of.as_deref())
            .collect();
        wholes.sort_unstable();
        wholes.dedup();
        wholes.into_iter().filter_map(|whole| self.judge(look, whole)).collect()
    }
}

/// A chunk that its policy did not come to.
#[derive(Clone, Copy, Debug)]
struct Overdue<'l> {
    job: &'l JobFacts,
    ended: Lag,
    after: Lag,
}

/// Says how late a scan's chunk is, if it is: a run of the job may be about to come.
fn overdue<'l>(look: &Look<'l>, node: &Node) -> Option<Overdue<'l>> {
    let chunk = look.table(node)?.chunk.as_ref().filter(|chunk| !chunk.is_compressed)?;
    let job = chunk.compression.as_ref()?;
    let (ended, after) = (chunk.ended?, job.after?);
    let until = after.seconds + job.every.map_or(0.0, |every| every.seconds);
    (ended.seconds > until).then_some(Overdue { job, ended, after })
}

impl OldChunksUncompressed {
    fn judge(&self, look: &Look<'_>, whole: &str) -> Option<Finding> {
        let scans: Vec<(&Node, Overdue<'_>)> = look
            .nodes()
            .filter(|node| look.table(node).and_then(|it| it.part_of.as_deref()) == Some(whole))
            .filter_map(|node| Some((node, overdue(look, node)?)))
            .collect();
        let (first, overdue) = scans.first()?;
        let read =
            |node: &Node| node.actual_rows().unwrap_or(node.estimate.rows) + node.filtered_rows();
        let rows: f64 = scans.iter().map(|(node, _)| read(node)).sum();
        let share = super::look::sum(scans.iter().map(|(node, _)| look.share_below(node)))?;
        if rows < ROWS || share.part < super::look::WORTH {
            return None;
        }
        let what = format!(
            "{} chunks of {whole} are read as rows, which should be compressed by now",
            scans.len()
        );
        let oldest = scans.iter().map(|(_, it)| it.ended.seconds).fold(0.0, f64::max);
        let taken: i64 =
            scans.iter().filter_map(|(node, _)| look.table(node)).map(|it| it.bytes).sum();
        let mut finding = Finding::at(self, look, first, what)
            .share_of(share)
            .evidence(format!("{} rows, {}", count(rows), bytes(taken as f64)))
            .evidence(format!(
                "to be compressed {} after they end; the oldest ended {} ago",
                overdue.after.shown(),
                Lag { seconds: oldest }.shown()
            ));
        finding.nodes = scans.iter().map(|(node, _)| node.id).collect();
        Some(
            look_after(finding, overdue.job, "compressed")
                .advise_sql(
                    "compress now what is overdue",
                    format!("call run_job({});", overdue.job.id),
                )
                // A look-up of a few rows may be as fast without.
                .confidence(Confidence::Medium),
        )
    }
}

/// Tells how a job does, and what it needs.
pub(super) fn look_after(finding: Finding, job: &JobFacts, done: &str) -> Finding {
    let id = job.id;
    let every = job.every.map_or_else(String::new, |every| format!(" every {}", every.shown()));
    let last = match job.succeeded {
        Some(lag) => format!("and succeeded {} ago", lag.shown()),
        None => "and never succeeded, as far as is known".to_owned(),
    };
    let finding = finding.evidence(format!("{done} by job {id}, which runs{every} {last}"));
    if job.is_paused {
        finding
            .advise_sql("its job is paused", format!("select alter_job({id}, scheduled => true);"))
    } else if job.has_failed {
        finding.advise_sql(
            "the last run of its job failed; see why",
            format!(
                "select start_time, sqlerrcode, err_message from timescaledb_information.job_errors\n\
                 where job_id = {id} order by start_time desc limit 5;"
            ),
        )
    } else if job.succeeded.is_none() {
        finding.advise("its job has not run yet: look whether timescaledb.max_background_workers leaves it one")
    } else {
        finding
    }
}
