//! Asks the planner what a statement would cost with indexes that nobody built.
//!
//! HypoPG keeps such indexes in the session's memory. Where its extension is not there, it is created in
//! the open transaction, which is rolled back: nothing stays. Hypothetical indexes reach declared partitions
//! through their table, but not chunks, which are children by inheritance: those get one each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::Index;
use super::catalog::{Catalog, Kind};
use super::error::{AdviceError, doing};
use super::leading::with_first;
use crate::plans::literal;

/// Where the extension is created for the time of the transaction.
const SCHEMA: &str = "advisor_what_if";

const CREATION: &str =
    "create schema advisor_what_if; create extension hypopg schema advisor_what_if";

/// The name under which statements with parameters are prepared.
const PREPARED: &str = "advisor_costed";

/// What keeps costs from being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingWhatIf {
    /// The server's installation does not have it.
    NotInstalled,
    /// This login may not create it.
    NotPermitted,
}

impl MissingWhatIf {
    /// Says what is missing.
    pub const fn what(self) -> &'static str {
        match self {
            Self::NotInstalled => {
                "the server does not have HypoPG, which asks the planner what an index would bring"
            }
            Self::NotPermitted => {
                "HypoPG is not created in this database, and this login may not create it"
            }
        }
    }

    /// Says how to mend it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NotInstalled => {
                "install it (on Debian the package postgresql-15-hypopg, with your version's number)"
            }
            Self::NotPermitted => "as a superuser: create extension hypopg",
        }
    }
}

/// What a statement costs with some indexes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Costed {
    pub(crate) cost: f64,
    /// The indexes that its plan uses, by their place among the candidates.
    pub(crate) used: BTreeSet<usize>,
}

/// A session in which hypothetical indexes come and go.
pub(crate) struct WhatIf<'c> {
    client: &'c Client,
    schema: String,
    /// What makes the session the asker's.
    enter: Option<String>,
    /// Candidates that are there now, with the server's numbers of them.
    active: BTreeMap<usize, Vec<u32>>,
    owners: BTreeMap<u32, usize>,
    /// Candidates that the server made before, so that it will again.
    proved: BTreeSet<usize>,
    /// By a statement and a table, the statement with that table first: it is asked about again and again.
    led: BTreeMap<(String, String), Vec<String>>,
    pub(crate) calls: usize,
    /// How long planning may take.
    pub(crate) limit: Duration,
}

impl<'c> WhatIf<'c> {
    /// Makes hypothetical indexes possible in the open transaction.
    pub(crate) async fn begin(
        client: &'c Client,
        enter: Option<String>,
    ) -> Result<Result<Self, MissingWhatIf>, AdviceError> {
        let action = doing("look for HypoPG");
        let there = "
            select (select format('%I', nspname)
                    from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
                    where extname = 'hypopg'),
                exists (select from pg_available_extensions where name = 'hypopg')";
        let row = client.query_one(there, &[]).await.map_err(&action)?;
        let (schema, is_available): (Option<String>, bool) = (row.get(0), row.get(1));
        let schema = match schema {
            Some(schema) => schema,
            None if !is_available => return Ok(Err(MissingWhatIf::NotInstalled)),
            None => {
                let create = format!("savepoint what_if; {CREATION}");
                if client.batch_execute(&create).await.is_err() {
                    let undo = "rollback to savepoint what_if";
                    client.batch_execute(undo).await.map_err(doing("go on without HypoPG"))?;
                    return Ok(Err(MissingWhatIf::NotPermitted));
                }
                SCHEMA.to_owned()
            }
        };
        let (active, owners) = (BTreeMap::new(), BTreeMap::new());
        let proved = BTreeSet::new();
        let limit = Duration::MAX;
        let led = BTreeMap::new();
        let session = Self { client, schema, enter, active, owners, proved, led, calls: 0, limit };
        session.reset().await?;
        Ok(Ok(session))
    }

    /// Whether the extension was created in the transaction.
    pub(crate) fn is_created(&self) -> bool {
        self.schema == SCHEMA
    }

    /// Goes on in another transaction, as whoever asks there: what is hypothetical is in the session's memory,
    /// and what was created to reach it is not.
    pub(crate) async fn again(&mut self, enter: Option<String>) -> Result<(), AdviceError> {
        self.enter = enter;
        if self.is_created() {
            self.client.batch_execute(CREATION).await.map_err(doing("create HypoPG again"))?;
        }
        Ok(())
    }

    /// Forgets all hypothetical indexes: they outlive transactions.
    pub(crate) async fn reset(&self) -> Result<(), AdviceError> {
        let reset = format!("select {}.hypopg_reset()", self.schema);
        self.client.batch_execute(&reset).await.map_err(doing("forget hypothetical indexes"))
    }

    /// Returns the candidates that are there now.
    pub(crate) fn active(&self) -> impl Iterator<Item = usize> {
        self.active.keys().copied()
    }

    /// Makes exactly these candidates exist; answers those that the server refused, with its reasons.
    pub(crate) async fn set(
        &mut self,
        wanted: &BTreeSet<usize>,
        candidates: &[Index],
        catalog: &Catalog,
    ) -> Result<Vec<(usize, String)>, AdviceError> {
        let change = self.change(wanted, candidates, catalog);
        if !change.is_empty() {
            match self.in_passing(&change).await? {
                Ok(made) => self.take_in(&made),
                Err(error) => {
                    self.forget().await?;
                    return Err(doing("change hypothetical indexes")(error));
                }
            }
        }
        let new = wanted.iter().filter(|it| !self.proved.contains(it));
        let mut refused = Vec::new();
        for candidate in new.copied().collect::<Vec<_>>() {
            let Some(index) = candidates.get(candidate) else { continue };
            match self.in_passing(&self.creation(candidate, index, catalog)).await? {
                Ok(made) => {
                    self.take_in(&made);
                    self.proved.insert(candidate);
                }
                Err(error) if error.as_db_error().is_some() => {
                    refused.push((candidate, crate::plans::describe(&error)));
                }
                Err(error) => return Err(doing("make a hypothetical index")(error)),
            }
        }
        Ok(refused)
    }

    /// Writes what drops candidates that are not wanted and makes those that are, of those that the server
    /// made before. What is written must be done.
    fn change(
        &mut self,
        wanted: &BTreeSet<usize>,
        candidates: &[Index],
        catalog: &Catalog,
    ) -> String {
        let mut text = String::new();
        let gone: Vec<usize> =
            self.active.keys().filter(|known| !wanted.contains(known)).copied().collect();
        for candidate in gone {
            for number in self.active.remove(&candidate).unwrap_or_default() {
                self.owners.remove(&number);
                let _ = write!(text, "select {}.hypopg_drop_index({number});", self.schema);
            }
        }
        for candidate in wanted.iter().filter(|it| !self.active.contains_key(it)) {
            if let Some(index) =
                candidates.get(*candidate).filter(|_| self.proved.contains(candidate))
            {
                text.push_str(&self.creation(*candidate, index, catalog));
            }
        }
        text
    }

    /// Begins anew where it is not known what is there.
    pub(crate) async fn forget(&mut self) -> Result<(), AdviceError> {
        self.active.clear();
        self.owners.clear();
        self.reset().await
    }

    /// Writes what makes a candidate; its rows name the candidate beside the server's numbers.
    fn creation(&self, candidate: usize, index: &Index, catalog: &Catalog) -> String {
        let mut text = String::new();
        for definition in definitions(index, catalog) {
            let _ = write!(
                text,
                "select '{candidate}' as candidate, indexrelid from {}.hypopg_create_index({});",
                self.schema,
                literal(&definition)
            );
        }
        text
    }

    /// Changes hypothetical indexes. They are in the session's memory and stay; the locks on tables that
    /// making them takes, which would stand in the way of others, go with the savepoint.
    async fn in_passing(
        &self,
        text: &str,
    ) -> Result<Result<Vec<SimpleQueryMessage>, tokio_postgres::Error>, AdviceError> {
        let end = "rollback to savepoint candidate; release savepoint candidate";
        match self.client.simple_query(&format!("savepoint candidate; {text} {end}")).await {
            Ok(replies) => Ok(Ok(replies)),
            Err(error) if error.as_db_error().is_some() => {
                let undo = self.client.batch_execute(end).await;
                undo.map_err(doing("go on after a hypothetical index"))?;
                Ok(Err(error))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn take_in(&mut self, replies: &[SimpleQueryMessage]) {
        for reply in replies {
            let SimpleQueryMessage::Row(row) = reply else { continue };
            let is_one = row.columns().first().is_some_and(|it| it.name() == "candidate");
            let candidate = row.try_get(0).ok().flatten().filter(|_| is_one);
            let candidate = candidate.and_then(|it: &str| it.parse::<usize>().ok());
            let number = row.try_get(1).ok().flatten().and_then(|it: &str| it.parse::<u32>().ok());
            if let (Some(candidate), Some(number)) = (candidate, number) {
                self.active.entry(candidate).or_default().push(number);
                self.owners.insert(number, candidate);
            }
        }
    }

    /// Asks what a statement costs with exactly these candidates, in one go where the server made all of them
    /// before.
    pub(crate) async fn ask(
        &mut self,
        there: &BTreeSet<usize>,
        asked: &Asked,
        candidates: &[Index],
        catalog: &Catalog,
    ) -> Result<Costed, AdviceError> {
        if !there.is_subset(&self.proved) {
            self.set(there, candidates, catalog).await?;
        }
        let change = self.change(there, candidates, catalog);
        let mut costed = self.cost(&change, asked.text()).await?;
        for sql in self.led_by(there, asked, candidates) {
            let led = Asked { sql, ..asked.clone() };
            match self.cost("", led.text()).await {
                Ok(other) if other.cost < costed.cost => costed = other,
                Ok(_) => {}
                // It is our own writing: what was asked has its answer.
                Err(AdviceError::Server { source, .. }) if source.as_db_error().is_some() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(costed)
    }

    /// Writes a statement with each table first of which there are indexes that are known again only there.
    fn led_by(
        &mut self,
        there: &BTreeSet<usize>,
        asked: &Asked,
        candidates: &[Index],
    ) -> Vec<String> {
        let there = there.iter().filter_map(|candidate| candidates.get(*candidate));
        let tables: BTreeSet<&str> = there
            .filter(|index| !index.is_of_columns())
            .map(|index| index.table.as_str())
            .collect();
        let mut all = Vec::new();
        for table in tables {
            let known = self.led.entry((asked.sql.clone(), table.to_owned()));
            all.extend_from_slice(known.or_insert_with(|| with_first(&asked.sql, table)));
        }
        all
    }

    /// Changes hypothetical indexes, and asks what a text that explains a statement says it costs.
    async fn cost(&mut self, change: &str, explain: String) -> Result<Costed, AdviceError> {
        self.calls += 1;
        let enter = self.enter.clone().unwrap_or_default();
        // A limit of no time would be none at all, and one of a day is as good as any longer one.
        let limit = self.limit.as_millis().clamp(1, 86_400_000);
        let text = format!("set local statement_timeout = {limit}; {explain}");
        let (plan, replies) = match self.explained(change, &text, &enter).await {
            Ok(answered) => answered,
            Err(error) => {
                if !change.is_empty() {
                    self.forget().await?;
                }
                return Err(error);
            }
        };
        self.take_in(&replies);
        let mut costed = Costed::default();
        let mut open: Vec<&Value> = plan.iter().collect();
        if let Some(cost) = plan.as_ref().and_then(|plan| plan.get("Total Cost")) {
            costed.cost = cost.as_f64().unwrap_or_default();
        }
        while let Some(node) = open.pop() {
            let index = node.get("Index Name").and_then(Value::as_str).and_then(number);
            costed.used.extend(index.and_then(|number| self.owners.get(&number)));
            open.extend(node.get("Plans").and_then(Value::as_array).into_iter().flatten());
        }
        Ok(costed)
    }

    /// Asks how many rows of a table a condition keeps, as a share.
    pub(crate) async fn share(&self, table: &str, condition: &str) -> Result<f64, AdviceError> {
        let all = self.rows(table, "true").await?;
        Ok((self.rows(table, condition).await? / all.max(1.0)).clamp(0.0, 1.0))
    }

    async fn rows(&self, table: &str, condition: &str) -> Result<f64, AdviceError> {
        let text = format!("explain (format json) select from {table} where {condition}");
        // The index has the rows of everybody, whatever row security leaves to whoever asks.
        let (plan, _) = self.explained("", &text, "").await?;
        let rows = plan.as_ref().and_then(|plan| plan.get("Plan Rows")).and_then(Value::as_f64);
        Ok(rows.unwrap_or(1.0))
    }

    /// Goes on after a refused statement; what it prepared outlives the savepoint.
    async fn go_on(&self) -> Result<(), AdviceError> {
        let action = doing("go on after a refused statement");
        let undo = "rollback to savepoint asked; release savepoint asked";
        self.client.batch_execute(undo).await.map_err(&action)?;
        let left = format!("select from pg_prepared_statements where name = '{PREPARED}'");
        if self.client.query_opt(&left, &[]).await.map_err(&action)?.is_some() {
            let forget = format!("deallocate {PREPARED}");
            self.client.batch_execute(&forget).await.map_err(&action)?;
        }
        Ok(())
    }

    /// Changes hypothetical indexes, and explains a statement with them. What is changed stays: it is in the
    /// session's memory.
    async fn explained(
        &self,
        change: &str,
        text: &str,
        enter: &str,
    ) -> Result<(Option<Value>, Vec<SimpleQueryMessage>), AdviceError> {
        let batch = format!(
            "savepoint asked; {change} set transaction read only; {enter}{} {text}
; rollback to savepoint asked; release savepoint asked",
            if enter.is_empty() { "" } else { ";" }
        );
        let replies = self.client.simple_query(&batch).await;
        let replies = match replies {
            Ok(replies) => replies,
            Err(error) => {
                if error.as_db_error().is_some() {
                    self.go_on().await?;
                }
                return Err(doing("ask what a statement would cost")(error));
            }
        };
        let mut answer = String::new();
        for reply in &replies {
            if let SimpleQueryMessage::Row(row) = reply
                && row.columns().first().is_some_and(|it| it.name() == "QUERY PLAN")
            {
                answer.push_str(row.get(0).unwrap_or_default());
            }
        }
        let parsed: Value =
            serde_json::from_str(&answer).map_err(|_| AdviceError::Unreadable("a cost"))?;
        Ok((parsed.get(0).and_then(|first| first.get("Plan")).cloned(), replies))
    }
}

/// Writes the indexes that stand for a candidate: one, or one a chunk.
fn definitions(index: &Index, catalog: &Catalog) -> Vec<String> {
    let on = |name: &str| format!("create index on {}", index.definition(name));
    let table = catalog.named(&index.table);
    match table.filter(|table| table.kind == Kind::Hypertable) {
        Some(table) => {
            // Chunks that no plan names are left out of every plan.
            let named: Vec<String> = table
                .parts
                .iter()
                .filter(|part| catalog.names(&part.name))
                .map(|part| on(&part.name))
                .collect();
            if named.is_empty() { vec![on(&index.table)] } else { named }
        }
        None => vec![on(&index.table)],
    }
}

/// Reads the server's number out of a hypothetical index's name.
fn number(name: &str) -> Option<u32> {
    name.strip_prefix('<')?.split_once('>')?.0.parse().ok()
}

/// A statement whose cost is asked again and again. It was found to be one statement before.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) sql: String,
    /// How many parameters it has.
    pub(crate) parameters: usize,
    /// Their values as SQL writes them; none where it is planned for all values alike.
    pub(crate) values: Vec<String>,
    /// What it costs as things are, as it was planned before.
    pub(crate) plain: f64,
}

impl Asked {
    fn text(&self) -> String {
        let sql = self.sql.trim().trim_end_matches(';');
        if self.parameters == 0 {
            return format!("explain (format json) {sql}");
        }
        // Prepared anew each time: a plan that is kept would not see hypothetical indexes come and go.
        let (mode, values) = if self.values.is_empty() {
            ("force_generic_plan", vec!["null".to_owned(); self.parameters])
        } else {
            ("force_custom_plan", self.values.clone())
        };
        let values = values.join(", ");
        format!(
            "set local plan_cache_mode = {mode}; prepare {PREPARED} as {sql}
;
             explain (format json) execute {PREPARED}({values}); deallocate {PREPARED}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hypothetical_index_is_known_by_its_number() {
        assert_eq!(number("<13556>btree_lines_store_id"), Some(13_556));
        assert_eq!(number("lines_pkey"), None);
        assert_eq!(number("<x>btree"), None);
    }

    #[test]
    fn a_statement_with_parameters_is_prepared_each_time() {
        let sql = "select $1, $2;".to_owned();
        let asked = Asked { sql, parameters: 2, values: Vec::new(), plain: 0.0 };
        assert!(asked.text().contains("execute advisor_costed(null, null)"), "{}", asked.text());
    }
}
