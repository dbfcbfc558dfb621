//! Compares two ways to ask the same: the rows that they give, and the time that they take.

use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::Client;

use super::error::doing;
use super::measure::measure;
use super::{Copy, Measured, ProofError};
use crate::advice::{Advice, Statement};

/// How many times quicker another way must be: below that it may be chance.
const SOONER: f64 = 1.05;

/// Two ways to ask, compared.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Compared {
    /// What is compared.
    pub what: String,
    /// The statement's place in the workload.
    pub statement: usize,
    /// The way it is asked.
    pub before: Measured,
    /// The other way.
    pub after: Measured,
    /// Whether both gave the same rows, whatever their order; nothing where one gave none in time.
    pub is_same: Option<bool>,
    /// How many times quicker the other way is.
    pub quicker: Option<f64>,
    /// How many bytes are kept for it.
    pub bytes: Option<i64>,
    /// How long making or refreshing what is kept took.
    pub made_ms: Option<f64>,
    /// Why it could not be compared.
    pub failed: Option<String>,
}

impl Compared {
    /// Whether it gives the same rows, and sooner.
    pub fn holds(&self) -> bool {
        self.is_same == Some(true) && self.quicker.is_some_and(|quicker| quicker > SOONER)
    }

    /// Whether measuring speaks against it: it gives other rows, or none sooner, or fails by itself. What
    /// could not be measured either way is not refuted.
    pub fn is_refuted(&self) -> bool {
        match (self.is_same, self.quicker) {
            (Some(false), _) => true,
            (_, Some(quicker)) => quicker <= SOONER,
            (_, None) => {
                let is_measured = self.before.median_ms.is_some() && self.after.median_ms.is_none();
                is_measured || (self.before.failed.is_none() && self.after.failed.is_some())
            }
        }
    }

    /// Says what speaks against it, where measuring does.
    pub(crate) fn refutation(&self) -> Option<String> {
        let times = format!("{} → {}", self.before.shown(), self.after.shown());
        self.is_refuted().then(|| match (self.is_same, &self.failed) {
            (_, Some(failed)) => format!("it fails: {failed}"),
            (Some(false), _) => "it gives other rows".to_owned(),
            _ => format!("{times}: it is not quicker"),
        })
    }
}

/// Compares two statements.
///
/// # Errors
/// Fails when the server does.
pub async fn compare(
    client: &Client,
    copy: &Copy,
    (before, after): (&Statement, &Statement),
) -> Result<Compared, ProofError> {
    let one = measure(client, copy, before, &[]).await?;
    let other = measure(client, copy, after, &[]).await?;
    Ok(Compared {
        what: after.name.clone(),
        statement: 0,
        is_same: one.same_rows(&other),
        quicker: one.median_ms.zip(other.median_ms).map(|(one, other)| one / other.max(0.001)),
        failed: other.failed.clone(),
        before: one,
        after: other,
        bytes: None,
        made_ms: None,
    })
}

/// Compares the rewrites that mean the same, with the indexes that held.
pub(super) async fn rewrites(
    client: &Client,
    copy: &Copy,
    statements: &[Statement],
    advice: &Advice,
) -> Result<Vec<Compared>, ProofError> {
    let mut all = Vec::new();
    for rewrite in advice.rewrites.iter().filter(|rewrite| rewrite.is_same) {
        let Some(before) = statements.get(rewrite.statement) else { continue };
        let after =
            Statement { name: rewrite.rule.to_owned(), sql: rewrite.sql.clone(), ..before.clone() };
        let mut compared = compare(client, copy, (before, &after)).await?;
        compared.statement = rewrite.statement;
        all.push(compared);
    }
    Ok(all)
}

/// Makes rollups one after the other, compares, and drops them.
pub(super) async fn rollups(
    client: &Client,
    copy: &Copy,
    statements: &[Statement],
    advice: &Advice,
) -> Result<Vec<Compared>, ProofError> {
    let mut all = Vec::new();
    for rollup in &advice.rollups {
        let Some(before) = statements.get(rollup.statement) else { continue };
        let after =
            Statement { name: rollup.name.clone(), sql: rollup.query.clone(), ..before.clone() };
        let started = std::time::Instant::now();
        let mut made = rollup.statements.join("\n");
        // Whoever asks may read it while it is compared: on a copy nobody else is there.
        made.push_str(&format!("\nanalyze {0};\ngrant select on {0} to public;", rollup.name));
        let made = copy.make(client, &made).await.map_err(doing("make a rollup on the copy"))?;
        if let Err(reason) = made {
            let failed = Measured { failed: Some(reason), ..Measured::default() };
            all.push(Compared {
                what: rollup.name.clone(),
                statement: rollup.statement,
                failed: failed.failed.clone(),
                after: failed,
                ..Compared::default()
            });
            continue;
        }
        let made_ms = started.elapsed().as_secs_f64() * 1_000.0;
        let size = client
            .query_one("select pg_total_relation_size(to_regclass($1))", &[&rollup.name])
            .await
            .map_err(doing("measure a rollup"))?;
        let mut compared = compare(client, copy, (before, &after)).await?;
        compared.statement = rollup.statement;
        compared.bytes = size.get(0);
        compared.made_ms = Some(made_ms);
        client.batch_execute(&rollup.undo).await.map_err(doing("drop a rollup on the copy"))?;
        all.push(compared);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(ms: f64) -> Measured {
        Measured { median_ms: Some(ms), ..Measured::default() }
    }

    fn refused() -> Measured {
        Measured { failed: Some("there is no such column".to_owned()), ..Measured::default() }
    }

    fn compared(before: Measured, after: Measured, is_same: Option<bool>) -> Compared {
        let quicker = before.median_ms.zip(after.median_ms).map(|(one, other)| one / other);
        Compared { is_same, quicker, before, after, ..Compared::default() }
    }

    #[test]
    fn what_gives_other_rows_or_none_sooner_is_refuted() {
        for (found, is_refuted) in [
            (compared(took(9.0), took(3.0), Some(true)), false),
            (compared(took(9.0), took(3.0), Some(false)), true),
            (compared(took(9.0), took(9.0), Some(true)), true),
            (compared(took(9.0), refused(), None), true),
            (compared(took(9.0), Measured::default(), None), true),
            // Before, the time box ran out.
            (compared(Measured::default(), took(3.0), None), false),
            (compared(Measured::default(), Measured::default(), None), false),
            (compared(Measured::default(), refused(), None), true),
            // Neither way could be asked, such as without values.
            (compared(refused(), refused(), None), false),
        ] {
            assert_eq!(found.is_refuted(), is_refuted, "{found:#?}");
        }
    }
}
