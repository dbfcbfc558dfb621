//! Brings the advisor to the database: as whom, on which copy, and within which bounds.

use std::collections::BTreeSet;
use std::time::Duration;

use shelfops_advisor::advice::{
    Advice, AdvisedIndex, Advisor, Asker, Migration, Request, Statement, migration,
};
use shelfops_advisor::proof::{self, Proof, prove};
use shelfops_advisor::rehearsal::copy::Method;
use shelfops_advisor::rehearsal::{Address, Copy, CopyRequest, Programs};
use shelfops_advisor::rollups::SLOW_MS;
use shelfops_embedded_postgres::Installation;

use super::{Counted, count, short};
use crate::ops::{Context, OpError};

/// What is asked for.
pub(crate) struct Wanted<'w> {
    /// The statements.
    pub(crate) statements: Vec<Statement>,
    /// How many seconds their calls were counted for.
    pub(crate) counted_seconds: Option<f64>,
    /// As whom they are planned and run.
    pub(crate) tenant: Option<&'w str>,
    /// How much room new indexes may take.
    pub(crate) budget_bytes: Option<u64>,
    /// How long the search may take.
    pub(crate) time: Duration,
    /// Whether answers may be an hour old.
    pub(crate) may_be_old: bool,
    /// Whether the advice is proved.
    pub(crate) verify: bool,
    /// A database to prove in, in place of a copy.
    pub(crate) scratch_url: Option<&'w str>,
    /// How often each statement is measured.
    pub(crate) runs: usize,
    /// How long a measured statement may take.
    pub(crate) limit: Duration,
}

/// What came of it.
pub(crate) struct Advised {
    pub(crate) advice: Advice,
    pub(crate) proof: Option<Proof>,
    pub(crate) migration: Migration,
    /// Of that migration what measuring proved.
    pub(crate) proved: Migration,
    /// What measuring proved, by name.
    pub(crate) proved_names: Vec<String>,
    pub(crate) tenant: Option<String>,
    /// What to know besides.
    pub(crate) notes: Vec<String>,
}

/// Advises, and proves where that is wanted.
pub(crate) async fn advised(context: &Context, wanted: Wanted<'_>) -> Result<Advised, OpError> {
    let database = context.database().await?;
    let (tenant, asker) = match wanted.tenant {
        Some(slug) => {
            let (tenant, tx) = context.tenant(slug).await?;
            drop(tx);
            let entering = database.entering(tenant.customer_id).await?;
            (Some(tenant.slug), Some(Asker::new(entering)))
        }
        None => (None, None),
    };
    // Made before the search: a clone needs the database without other sessions for a moment.
    let copy = match (wanted.verify, wanted.scratch_url) {
        (true, None) => Some(copied(context).await?),
        _ => None,
    };
    let draft = database.draft().await?;
    let request = Request {
        statements: wanted.statements,
        budget_bytes: wanted.budget_bytes,
        time: wanted.time,
        asker: asker.clone(),
        counted_seconds: wanted.counted_seconds,
        may_be_old: wanted.may_be_old,
        slow_ms: SLOW_MS,
    };
    let mut advisor = Advisor::begin(draft.client(), request).await?;
    let url = copy.as_ref().map(Copy::url).or(wanted.scratch_url).filter(|_| wanted.verify);
    let (advice, proof) = match url {
        Some(url) => {
            let place = proof::Copy::at(url, asker, wanted.runs, wanted.limit)?;
            if place.is_where(draft.client()).await? {
                return Err(OpError::usage(
                    "--scratch-url names the database that is advised on; proving builds indexes and \
                     writes rows: name one that may be spoilt",
                ));
            }
            let (advice, proof) = prove(&mut advisor, &place).await?;
            (advice, Some(proof))
        }
        None => (advisor.advise(&BTreeSet::new()).await?, None),
    };
    let is_proved = |index: &AdvisedIndex| {
        proof.as_ref().is_some_and(|proof| !proof.on_trust.contains(&index.definition))
    };
    let held: Vec<AdvisedIndex> =
        advice.indexes.iter().filter(|index| is_proved(index)).cloned().collect();
    let mut proved = migration(&held, &advisor.partitions());
    let mut proved_names: Vec<String> = held.into_iter().map(|index| index.name).collect();
    let mut migration = migration(&advice.indexes, &advisor.partitions());
    if let Some(proof) = &proof {
        proved = proved.with_proved(&advice, proof);
        migration = migration.with_proved(&advice, proof);
        let kept = advice.rollups.iter().map(|rollup| rollup.name.clone());
        proved_names.extend(kept.filter(|name| proved.up.contains(name)).collect::<BTreeSet<_>>());
        let held = proof.statistics.iter().filter(|it| it.holds());
        proved_names.extend(held.filter_map(|it| it.what.split(' ').nth(2)).map(str::to_owned));
    }
    let mut notes = Vec::new();
    if tenant.is_none() && advisor.has_row_security() {
        notes.push(
            "tables with row security, planned as the owner's login: tenants get other plans; add --tenant"
                .to_owned(),
        );
    }
    if let Some(copy) = &copy {
        notes.push(format!("measured on a copy of this database's own server ({})", copy.kind()));
    }
    advisor.end().await?;
    if let Some(copy) = copy {
        // What took so long to find is told all the same.
        if let Err(error) = copy.remove().await {
            notes.push(format!("the copy is still there: {error}"));
        }
    }
    Ok(Advised { advice, proof, migration, proved, proved_names, tenant, notes })
}

/// Copies the database on its own server.
async fn copied(context: &Context) -> Result<Copy, OpError> {
    let url = context.open_database().owner_url().await?;
    let failed = |error: &dyn std::fmt::Display| {
        OpError::failed(format!(
            "there is no copy to prove on: {error}; name a database to spoil with --scratch-url"
        ))
    };
    let installation = Installation::find().map_err(|error| failed(&error))?;
    let request = CopyRequest {
        source: Address::parse(url).map_err(|error| failed(&error))?,
        method: Method::Dump,
        programs: Programs::new(installation.binary_directory()),
    };
    let talk = context.talk();
    let watch = |progress: shelfops_advisor::rehearsal::Progress| talk.say(&progress.doing);
    Copy::make(&request, &watch).await.map_err(|error| failed(&error))
}

/// Returns the statements that cost the server most, and for how long it counted.
pub(crate) async fn recorded(
    context: &Context,
    most: usize,
) -> Result<(Vec<Statement>, Option<f64>), OpError> {
    let statistics = match count(context).await? {
        Counted::Statements(statistics) => statistics,
        Counted::Missing { what, remedy } => {
            return Err(OpError::failed(format!(
                "{what}, so there is no recorded workload; {remedy}"
            )));
        }
    };
    let mut asked: Vec<_> =
        statistics.statements.into_iter().filter(|it| reads(&it.text)).collect();
    asked.sort_by(|one, other| other.total_ms.total_cmp(&one.total_ms));
    asked.truncate(most);
    let statements = asked
        .into_iter()
        .map(|it| Statement {
            name: format!(
                "{} {}",
                it.query_id,
                short(&it.text).chars().take(40).collect::<String>()
            ),
            sql: it.text,
            parameters: Vec::new(),
            calls: Some(it.calls as f64),
            mean_ms: Some(it.mean_ms),
        })
        .collect();
    Ok((statements, statistics.counted_seconds))
}

/// Whether a statement asks a question of tables, and not of the server about itself.
fn reads(text: &str) -> bool {
    let lower = text.trim_start().to_lowercase();
    (lower.starts_with("select") || lower.starts_with("with"))
        && !["pg_catalog", "pg_stat", "pg_class", "hypopg", "set_config"]
            .iter()
            .any(|it| lower.contains(it))
}
