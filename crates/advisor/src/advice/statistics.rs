//! Statistics of columns that go together, where a measured plan shows that the planner missed that.

use schemars::JsonSchema;
use serde::Serialize;

use crate::plans::findings::Finding;

/// Statistics that the planner lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatisticsAdvice {
    /// What was expected and what came.
    pub what: String,
    /// What that rests on.
    pub evidence: Vec<String>,
    /// What makes them.
    pub statement: String,
}

/// Takes the statistics that findings advise: misestimates of columns that go together, or of expressions.
pub fn statistics(findings: &[Finding]) -> Vec<StatisticsAdvice> {
    let misestimates = findings.iter().filter(|finding| finding.rule == "misestimate");
    misestimates
        .flat_map(|finding| {
            let remedies = finding.remedies.iter().filter_map(|remedy| remedy.sql.as_deref());
            remedies.filter(|sql| sql.starts_with("create statistics")).map(|sql| {
                StatisticsAdvice {
                    what: finding.what.clone(),
                    evidence: finding.evidence.clone(),
                    statement: sql.to_owned(),
                }
            })
        })
        .collect()
}
