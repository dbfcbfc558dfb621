//! The advisor at work: plans a workload, searches, and says what it found and what it did not take.

use std::collections::BTreeSet;
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::Client;

use super::partitions::{Partitions, partitions};
use super::rest::entered;
use super::{Request, Statement};
use crate::indexes::{
    AdviceError, Chosen, Index, Kind, MissingWhatIf, Needless, Question, Questions, Rejected,
    Search, doing, needless,
};
use crate::plans::{ExplainError, ExplainRequest, Plan, explain_for_all, explain_within, literal};
use crate::rewrites::{Rewrite, rewrites};
use crate::rollups::{RollupAdvice, Wish, rollup};

/// How long planning of one statement may take.
const PLANNING: std::time::Duration = std::time::Duration::from_secs(10);

/// Advice on a workload.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Advice {
    /// The statements, with what the planner says of them.
    pub statements: Vec<Looked>,
    /// Statements that could not be advised on.
    pub skipped: Vec<Skipped>,
    /// Indexes to make.
    pub indexes: Vec<AdvisedIndex>,
    /// Other ways to ask the same.
    pub rewrites: Vec<Rewrite>,
    /// Answers worth keeping.
    pub rollups: Vec<RollupAdvice>,
    /// Indexes that nothing needs.
    pub needless: Vec<Needless>,
    /// What was thought of and not taken.
    pub rejected: Vec<Rejected>,
    /// How costs were asked.
    pub what_if: WhatIfState,
    /// How many bytes new indexes may take together.
    pub budget_bytes: f64,
    /// How long the search took.
    pub seconds: f64,
    /// Whether time ran out before all was tried.
    pub is_cut_short: bool,
}

/// How costs were asked.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct WhatIfState {
    /// What kept them from being asked.
    pub missing: Option<MissingWhatIf>,
    /// How often the planner was asked.
    pub calls: usize,
}

/// A statement, as the planner sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Looked {
    /// What it is called.
    pub name: String,
    /// Its text.
    pub sql: String,
    /// The values that were found for it, and where.
    pub values: Option<String>,
    /// How much it counts.
    pub weight: f64,
    /// The planner's cost as things are.
    pub cost_before: f64,
    /// The planner's cost with the indexes; none where it could not be asked.
    pub cost_after: Option<f64>,
}

/// A statement that could not be advised on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Skipped {
    /// What it is called.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// An index to make.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AdvisedIndex {
    /// Its name.
    pub name: String,
    /// What it is made of.
    #[serde(skip)]
    pub index: Index,
    /// What kind it is.
    pub kind: String,
    /// What it is made of, as SQL.
    pub definition: String,
    /// How many bytes it will take, by statistics.
    pub estimated_bytes: f64,
    /// What it is for, in one line.
    pub purpose: String,
    /// The statements that use it, by their place.
    pub serves: Vec<usize>,
    /// Why, with the house's rules that speak for it.
    pub why: Vec<String>,
    /// Whether its table is a hypertable.
    pub is_hypertable: bool,
}

/// An advisor in the middle of its work: it can choose again without what a proof refused.
pub struct Advisor<'c> {
    pub(super) client: &'c Client,
    /// The statements that have plans.
    pub(crate) statements: Vec<Statement>,
    weights: Vec<f64>,
    skipped: Vec<Skipped>,
    pub(super) search: Search<'c>,
    partitions: Partitions,
    budget: f64,
    pub(super) request: Request,
    /// What makes the session whoever asks.
    pub(super) enter: Option<String>,
    /// Whether its transaction was ended for a while.
    pub(super) rests: bool,
    started: Instant,
}

impl<'c> Advisor<'c> {
    /// Plans the statements and proposes what may help, in the open transaction. That must be able to
    /// create an extension for costs to be asked where HypoPG is not there, and is to be rolled back.
    ///
    /// # Errors
    /// Fails when there is no statement with a plan, or when the server does.
    pub async fn begin(client: &'c Client, request: Request) -> Result<Self, AdviceError> {
        let started = Instant::now();
        let enter = entered(client, request.asker.as_ref()).await?;
        let mut planned: Vec<(Statement, Plan, usize)> = Vec::new();
        let mut skipped = Vec::new();
        for statement in &request.statements {
            match plan(client, statement, enter.as_deref()).await {
                Ok((plan, parameters)) => planned.push((statement.clone(), plan, parameters)),
                Err(AdviceError::Explain(error)) if error.is_usage() => {
                    skipped
                        .push(Skipped { name: statement.name.clone(), reason: error.to_string() });
                }
                Err(error) => return Err(error),
            }
        }
        if planned.is_empty() {
            return Err(match skipped.pop() {
                Some(skipped) => AdviceError::NoPlan(skipped.reason),
                None => AdviceError::Empty,
            });
        }
        let weights: Vec<f64> = planned.iter().map(|(statement, ..)| statement.weight()).collect();
        let values: Vec<Vec<String>> = planned
            .iter()
            .map(|(statement, ..)| statement.parameters.iter().map(|it| literal(it)).collect())
            .collect();
        let mut questions = Questions {
            all: planned
                .iter()
                .zip(&weights)
                .zip(&values)
                .map(|(((statement, plan, parameters), weight), values)| Question {
                    sql: &statement.sql,
                    values,
                    parameters: *parameters,
                    plan,
                    weight: *weight,
                })
                .collect(),
            budget: request.budget_bytes.map_or(f64::INFINITY, |bytes| bytes as f64),
            time: request.time,
            enter: enter.clone(),
            counts_writes: request.counted_seconds.is_some(),
        };
        if request.budget_bytes.is_none() {
            let plans: Vec<&Plan> = planned.iter().map(|(_, plan, _)| plan).collect();
            questions.budget = half_of_tables(client, &plans).await?;
        }
        let mut search = Search::begin(client, &questions).await?;
        if let Some(asked) = request.counted_seconds {
            let counted = writes_counted_for(client).await?;
            for table in &mut search.catalog.tables {
                table.written = in_window(table.written, counted, asked);
            }
        }
        let budget = questions.budget;
        let partitions = partitions(client, &search.catalog).await?;
        Ok(Self {
            client,
            statements: planned.into_iter().map(|(statement, ..)| statement).collect(),
            weights,
            skipped,
            search,
            partitions,
            budget,
            request,
            enter,
            rests: false,
            started,
        })
    }

    /// Advises, leaving out indexes that a proof refused.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn advise(&mut self, banned: &BTreeSet<Index>) -> Result<Advice, AdviceError> {
        self.go_on().await?;
        let (chosen, mut rejected) = self.search.choose(banned).await?;
        let rewrites = self.rewrites(&mut rejected);
        let after = |statement: usize| {
            let mut served = chosen.iter().flat_map(|it| &it.serves);
            let found = served.find(|(place, ..)| *place == statement);
            found.map_or_else(
                || self.search.base.get(statement).copied(),
                |(_, _, after)| Some(*after),
            )
        };
        let statements = self
            .statements
            .iter()
            .enumerate()
            .map(|(place, statement)| Looked {
                name: statement.name.clone(),
                sql: statement.sql.clone(),
                values: statement.found.as_ref().map(|found| found.told.clone()),
                weight: self.weights.get(place).copied().unwrap_or(1.0),
                cost_before: self.search.base.get(place).copied().unwrap_or_default(),
                cost_after: self.search.missing.is_none().then(|| after(place)).flatten(),
            })
            .collect();
        let mut advice = Advice {
            statements,
            skipped: self.skipped.clone(),
            indexes: chosen.iter().map(|chosen| self.advised(chosen)).collect(),
            rewrites,
            rollups: Vec::new(),
            needless: needless(self.client, &self.tables()).await?,
            rejected,
            what_if: WhatIfState { missing: self.search.missing, calls: self.search.calls() },
            budget_bytes: self.budget,
            seconds: self.started.elapsed().as_secs_f64(),
            is_cut_short: self.search.is_cut_short,
        };
        self.rollups(&mut advice).await?;
        Ok(advice)
    }

    /// Returns the partitions of declaratively partitioned tables, which are indexed one by one.
    pub fn partitions(&self) -> Partitions {
        self.partitions.clone()
    }

    /// Takes note of how many bytes an index took once it was built, for choices to come.
    pub fn learn(&mut self, index: &Index, bytes: f64) {
        self.search.learn(index, bytes);
    }

    /// Weighs statements by how long they took without new indexes, in milliseconds, from here on: what the
    /// planner takes for dear need not be slow. None is one that could not be measured.
    pub fn weigh(&mut self, times: &[Option<f64>]) {
        self.search.weigh(times);
    }

    /// Takes note of how long a statement, by its place, took with some indexes, for choices to come.
    pub fn observe<'i>(
        &mut self,
        statement: usize,
        used: impl Iterator<Item = &'i Index>,
        ms: f64,
    ) {
        self.search.observe(statement, used, ms);
    }

    /// Takes note that a statement, by its place, became slower by so many milliseconds with an index. In
    /// choices to come none that begins alike is chosen where it would use it, unless others gain ten times
    /// as much. Answers whether that is news: if not, the index was chosen all the same.
    pub fn endanger(&mut self, statement: usize, index: &Index, ms: f64) -> bool {
        self.search.endanger(statement, index, ms)
    }

    /// Returns how many bytes new indexes may take together.
    pub const fn budget_bytes(&self) -> f64 {
        self.budget
    }

    /// Whether a table of the workload has row security.
    pub fn has_row_security(&self) -> bool {
        self.search.catalog.tables.iter().any(|table| table.has_row_security)
    }

    /// Forgets hypothetical indexes. The caller ends the transaction. Where it was ended already, with what
    /// was created in it, nothing can be forgotten: then the caller is to close the session.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn end(self) -> Result<(), AdviceError> {
        if self.rests { Ok(()) } else { self.search.end().await }
    }

    /// Returns from how many milliseconds on a statement is slow enough for its answer to be kept.
    pub(crate) const fn slow_ms(&self) -> f64 {
        self.request.slow_ms
    }

    fn tables(&self) -> Vec<String> {
        self.search.catalog.tables.iter().map(|table| table.name.clone()).collect()
    }

    /// Looks for other ways to write the statements; what would not mean the same is told with the refused.
    fn rewrites(&self, rejected: &mut Vec<Rejected>) -> Vec<Rewrite> {
        let mut found = Vec::new();
        let once = self.statements.iter().enumerate().filter(|(_, it)| it.is_first());
        for (place, statement) in once {
            let (offered, refused) = rewrites(&statement.sql, &self.search.catalog);
            found.extend(offered.into_iter().map(|it| Rewrite { statement: place, ..it }));
            let what = format!("another way to write {}", statement.name);
            rejected.extend(refused.into_iter().map(|it| Rejected { what: what.clone(), ..it }));
        }
        found
    }

    async fn rollups(&self, advice: &mut Advice) -> Result<(), AdviceError> {
        let once = self.statements.iter().enumerate().filter(|(_, it)| it.is_first());
        for (place, statement) in once {
            let wish = Wish {
                sql: &statement.sql,
                calls: statement.calls,
                mean_ms: statement.mean_ms,
                counted_seconds: self.request.counted_seconds,
                may_be_old: self.request.may_be_old,
                slow_ms: self.request.slow_ms,
                enter: self.enter.as_deref(),
            };
            match rollup(self.client, &wish, &self.search.catalog, &advice.rollups).await? {
                Some(Ok(mut rollup)) => {
                    rollup.statement = place;
                    advice.rollups.push(rollup);
                }
                Some(Err(rejected)) => advice.rejected.push(rejected),
                None => {}
            }
        }
        Ok(())
    }

    fn advised(&self, chosen: &Chosen) -> AdvisedIndex {
        let name_of = |place: usize| {
            self.statements.get(place).map_or("a statement", |statement| statement.name.as_str())
        };
        let table = self.search.catalog.named(&chosen.index.table);
        let taken = self.search.catalog.tables.iter().flat_map(|table| &table.indexes);
        let mut why = Vec::new();
        for (statement, before, after) in &chosen.serves {
            why.push(if self.search.missing.is_some() {
                format!(
                    "{} compares these columns; what it would cost was not asked",
                    name_of(*statement)
                )
            } else {
                format!(
                    "{}: the planner would use it, cost {before:.0} → {after:.0}",
                    name_of(*statement)
                )
            });
        }
        why.extend(chosen.rules.iter().cloned());
        let names: Vec<&str> = chosen.serves.iter().map(|(place, ..)| name_of(*place)).collect();
        AdvisedIndex {
            name: chosen.index.name_beside(taken.map(|existing| existing.name.as_str())),
            kind: chosen.index.kind(),
            definition: chosen.index.shown(),
            estimated_bytes: chosen.estimated_bytes,
            purpose: format!("for {}", names.join(", ")),
            serves: chosen.serves.iter().map(|(place, ..)| *place).collect(),
            why,
            is_hypertable: table.is_some_and(|table| table.kind == Kind::Hypertable),
            index: chosen.index.clone(),
        }
    }
}

/// Plans a statement as the asker, and counts its parameters.
pub(super) async fn plan(
    client: &Client,
    statement: &Statement,
    enter: Option<&str>,
) -> Result<(Plan, usize), AdviceError> {
    let begin = format!("savepoint planned; {}", enter.unwrap_or_default());
    client.batch_execute(&begin).await.map_err(doing("enter as whoever asks"))?;
    let outcome = planned(client, statement).await;
    let end = "rollback to savepoint planned; release savepoint planned";
    client.batch_execute(end).await.map_err(doing("leave"))?;
    if outcome.is_err() {
        // What was prepared outlives the savepoint, and its name is wanted again.
        let left = "select from pg_prepared_statements where name = 'advisor_explained'";
        if client.query_opt(left, &[]).await.map_err(doing("look what is prepared"))?.is_some() {
            let forget = client.batch_execute("deallocate advisor_explained").await;
            forget.map_err(doing("forget what is prepared"))?;
        }
    }
    Ok(outcome?)
}

async fn planned(client: &Client, statement: &Statement) -> Result<(Plan, usize), ExplainError> {
    let request = ExplainRequest {
        sql: statement.sql.clone(),
        analyze: false,
        timeout: PLANNING,
        parameters: statement.parameters.clone(),
    };
    // Indexes are proposed for all values alike, where those that are known are any.
    let explained = match &statement.found {
        Some(_) => explain_for_all(client, &request).await?,
        None => explain_within(client, &request).await?,
    };
    let parameters = client.prepare(statement.sql.trim().trim_end_matches(';')).await;
    let parameters = parameters.map_err(ExplainError::Refused)?.params().len();
    Ok((explained.plan, parameters))
}

/// Asks for how many seconds the server has counted what is written.
async fn writes_counted_for(client: &Client) -> Result<f64, AdviceError> {
    let sql = "
        select extract(epoch from now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8
        from pg_stat_database where datname = current_database()";
    let row =
        client.query_one(sql, &[]).await.map_err(doing("ask since when writes are counted"))?;
    Ok(row.get(0))
}

/// Tells how much of what was written in one stretch of time falls on another: reads and writes are weighed
/// against each other, and their counters begin at different times.
fn in_window(written: f64, counted_seconds: f64, asked_seconds: f64) -> f64 {
    written * asked_seconds.max(0.0) / counted_seconds.max(1.0)
}

/// What indexes may take unless somebody says: half of what the tables take.
async fn half_of_tables(client: &Client, plans: &[&Plan]) -> Result<f64, AdviceError> {
    let catalog = crate::indexes::Catalog::gather(client, plans).await?;
    let pages: f64 = catalog.tables.iter().map(crate::indexes::Table::pages).sum();
    Ok(pages * 8_192.0 / 2.0)
}

#[cfg(test)]
mod tests {
    use super::in_window;

    #[test]
    fn writes_of_a_month_do_not_weigh_against_the_reads_of_an_hour() {
        let month = 30.0 * 86_400.0;
        assert!((in_window(720_000.0, month, 3_600.0) - 1_000.0).abs() < 1e-6);
        assert!((in_window(1_000.0, 3_600.0, 3_600.0) - 1_000.0).abs() < 1e-6);
        assert!((in_window(1_000.0, 0.0, 10.0) - 10_000.0).abs() < 1e-6, "as if since a second");
    }
}
