//! Measures statements, each of their plans once: a choice that is made again leaves most plans as they were.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio_postgres::Client;

use super::measure::{self, Measured};
use super::{Copy, ProofError};
use crate::advice::{AdvisedIndex, Statement};

/// Measures statements and knows what it measured.
pub(super) struct Meter<'c> {
    client: &'c Client,
    copy: &'c Copy,
    /// By the statement's place and the shape of its plan.
    known: BTreeMap<(usize, String), Measured>,
}

impl<'c> Meter<'c> {
    pub(super) const fn of(client: &'c Client, copy: &'c Copy) -> Self {
        Self { client, copy, known: BTreeMap::new() }
    }

    /// Measures all statements.
    pub(super) async fn all(
        &mut self,
        statements: &[Statement],
    ) -> Result<Vec<Measured>, ProofError> {
        let mut all = Vec::with_capacity(statements.len());
        for (place, statement) in statements.iter().enumerate() {
            all.push(self.measure(place, statement, &[]).await?);
        }
        Ok(all)
    }

    /// Measures a statement without some of the indexes, unless it was measured with the same plan.
    pub(super) async fn measure(
        &mut self,
        place: usize,
        statement: &Statement,
        without: &[&AdvisedIndex],
    ) -> Result<Measured, ProofError> {
        let plan = measure::plan(self.client, self.copy, statement, without).await?;
        let shape = plan.as_ref().map(shape);
        if let Some(shape) = &shape
            && let Some(known) = self.known.get(&(place, shape.clone()))
        {
            return Ok(known.clone());
        }
        let mut measured = measure::measure(self.client, self.copy, statement, without).await?;
        if let Some(plan) = plan.filter(|_| measured.median_ms.is_none()) {
            // It ran into the time box, so that nothing is known but what it would have used.
            measured.indexes = measure::indexes(&plan);
        }
        if let Some(shape) = shape {
            self.known.insert((place, shape), measured.clone());
        }
        Ok(measured)
    }

    /// Returns the indexes that a statement's plan uses without some of them; nothing is run.
    pub(super) async fn planned(
        &self,
        statement: &Statement,
        without: &[&AdvisedIndex],
    ) -> Result<BTreeSet<String>, ProofError> {
        let plan = measure::plan(self.client, self.copy, statement, without).await?;
        Ok(plan.as_ref().map(measure::indexes).unwrap_or_default())
    }

    /// Measures a statement once more, whatever was measured before: another's work may have come between.
    pub(super) async fn again(
        &mut self,
        place: usize,
        statement: &Statement,
        without: &[&AdvisedIndex],
    ) -> Result<Measured, ProofError> {
        let plan = measure::plan(self.client, self.copy, statement, without).await?;
        if let Some(plan) = plan {
            self.known.remove(&(place, shape(&plan)));
        }
        self.measure(place, statement, without).await
    }
}

/// Writes a plan without its estimates, which change with what is there besides.
fn shape(plan: &Value) -> String {
    let mut plan = plan.clone();
    strip(&mut plan);
    plan.to_string()
}

fn strip(value: &mut Value) {
    const ESTIMATES: [&str; 4] = ["Startup Cost", "Total Cost", "Plan Rows", "Plan Width"];
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !ESTIMATES.contains(&name.as_str()));
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_the_same_whatever_they_were_estimated_at() {
        let plan = |cost: f64, index: &str| {
            serde_json::json!([{"Plan": {
                "Node Type": "Aggregate", "Total Cost": cost, "Plan Rows": cost,
                "Plans": [{"Node Type": "Index Scan", "Index Name": index, "Total Cost": cost}]
            }}])
        };
        assert_eq!(shape(&plan(1.0, "a")), shape(&plan(2.0, "a")));
        assert_ne!(shape(&plan(1.0, "a")), shape(&plan(1.0, "b")));
    }
}
