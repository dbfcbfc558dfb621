//! Statistics of columns that go together: made where a measured plan shows that they are missed, and measured.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::error::doing;
use super::measure::measure;
use super::{Compared, Copy, Measured, ProofError};
use crate::advice::{Statement, statistics};
use crate::plans::findings::look;
use crate::plans::{Facts, describe, read_value};

/// Makes the statistics that measured plans lack, one after the other, and compares. They are dropped again.
pub(super) async fn compared(
    client: &Client,
    copy: &Copy,
    statements: &[Statement],
    measured: &[Measured],
) -> Result<Vec<Compared>, ProofError> {
    let mut all: Vec<Compared> = Vec::new();
    let mut known = BTreeSet::new();
    for (place, (statement, before)) in statements.iter().zip(measured).enumerate() {
        let Ok(plan) = read_value(before.plan.clone()) else { continue };
        let facts =
            Facts::gather(client, &plan).await.map_err(crate::indexes::AdviceError::from)?;
        for advice in statistics(&look(&plan, &facts, None)) {
            if !known.insert(advice.statement.clone()) {
                continue;
            }
            let mut compared = Compared {
                what: advice.statement.clone(),
                statement: place,
                before: before.clone(),
                ..Compared::default()
            };
            match client.batch_execute(&advice.statement).await {
                Ok(()) => {
                    let after = measure(client, copy, statement, &[]).await?;
                    compared.is_same = before.same_rows(&after);
                    compared.quicker = before
                        .median_ms
                        .zip(after.median_ms)
                        .map(|(before, after)| before / after.max(0.001));
                    compared.after = after;
                    drop_it(client, &advice.statement).await?;
                }
                Err(error) if error.as_db_error().is_some() => {
                    compared.failed = Some(describe(&error));
                }
                Err(error) => return Err(doing("make statistics on the copy")(error)),
            }
            all.push(compared);
        }
    }
    Ok(all)
}

/// Drops statistics by the statement that made them.
async fn drop_it(client: &Client, made: &str) -> Result<(), ProofError> {
    client.batch_execute(&undo_of(made)).await.map_err(doing("drop statistics on the copy"))
}

/// Writes what drops statistics, by the statement that makes them.
pub(crate) fn undo_of(made: &str) -> String {
    let name = made.strip_prefix("create statistics ").and_then(|rest| rest.split(' ').next());
    name.map_or_else(String::new, |name| format!("drop statistics if exists {name};"))
}
