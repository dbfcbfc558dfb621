//! Somebody who may run any SQL as a role of tenants, and a witness who sees what it did.

use std::fmt;

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::catalog::{other_tables, tenant_relations};
use super::retailers::{ALFA, BRAVO, Retailer};
use crate::fixture::Fixture;

/// How the attacker came to its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A superuser's session that stepped down: what it does can be looked at before it is undone.
    SteppedDown,
    /// A login that is the role itself.
    LoggedIn,
}

/// A session of the attacker's.
pub(crate) struct Attacker {
    /// The session.
    pub(crate) client: Client,
    way: Way,
    role: &'static str,
    witness: Client,
    /// Returns a fingerprint of all that belongs to the victim.
    fingerprint: String,
}

/// What a statement brought.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Every value of every row.
    pub(crate) text: String,
    /// How many rows were returned or changed.
    pub(crate) rows: u64,
}

/// Why a statement was refused, with everything that the server said.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The kind of error.
    pub(crate) code: SqlState,
    text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code.code(), self.text)
    }
}

impl Refusal {
    /// Takes an error apart.
    pub(crate) fn new(error: &tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else { panic!("the connection broke: {error}") };
        Self { code: said.code().clone(), text: everything(said) }
    }

    /// Whether the server said that it is not allowed, not merely that it went wrong.
    pub(crate) fn is_refusal(&self) -> bool {
        [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::WITH_CHECK_OPTION_VIOLATION]
            .contains(&self.code)
    }
}

fn everything(said: &DbError) -> String {
    let parts = [
        Some(said.message()),
        said.detail(),
        said.hint(),
        said.where_(),
        said.table(),
        said.column(),
        said.constraint(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

impl Attacker {
    /// Opens a session that can become a role.
    pub(crate) async fn new(fixture: &Fixture, way: Way, role: &'static str) -> Self {
        let witness = fixture.superuser().await;
        let fingerprint = fingerprint(&witness).await;
        let client = match way {
            Way::SteppedDown => fixture.superuser().await,
            Way::LoggedIn => fixture.login(role).await,
        };
        Self { client, way, role, witness, fingerprint }
    }

    /// Begins a transaction in which the attacker is proven to be a retailer, as the program does.
    pub(crate) async fn enter(&self, retailer: Retailer) {
        self.begin().await;
        let proof = self.proof_of(retailer).await;
        self.set("app.current_customer_id", retailer.customer_id).await;
        self.set("app.tenant_proof", &proof).await;
    }

    /// Begins a transaction of nobody.
    pub(crate) async fn begin(&self) {
        self.client.batch_execute("begin").await.unwrap();
        if self.way == Way::SteppedDown {
            let step_down = format!("set local role {}", self.role);
            self.client.batch_execute(&step_down).await.unwrap();
        }
    }

    /// Computes what would prove the present transaction to be a retailer's.
    pub(crate) async fn proof_of(&self, retailer: Retailer) -> String {
        let started = "select extract(epoch from transaction_timestamp())::text";
        let started: String = self.client.query_one(started, &[]).await.unwrap().get(0);
        let sign = "select encode(sha256(outer_key || sha256(inner_key
                        || convert_to($1 || '|' || $2, 'UTF8'))), 'hex')
                    from shelfops.tenant_signing_key";
        let row = self.witness.query_one(sign, &[&retailer.customer_id, &started]).await;
        row.unwrap().get(0)
    }

    /// Sets a variable for the transaction.
    pub(crate) async fn set(&self, name: &str, value: &str) {
        let sql = "select set_config($1, $2, true)";
        self.client.query_one(sql, &[&name, &value]).await.unwrap();
    }

    /// Ends the transaction without a trace.
    pub(crate) async fn rollback(&self) {
        self.client.batch_execute("rollback").await.unwrap();
    }

    /// Runs statements and undoes them; panics when they touched what belongs to the victim, or when
    /// rows or errors tell something of it.
    pub(crate) async fn attempt(&self, sql: &str) -> Result<Outcome, Refusal> {
        self.client.batch_execute("savepoint attempt").await.unwrap();
        let outcome = match self.client.simple_query(sql).await {
            Ok(messages) => Ok(collect(&messages)),
            Err(error) => Err(Refusal::new(&error)),
        };
        self.judge(sql, outcome).await
    }

    /// The same for a statement that itself holds what would give the victim away.
    pub(crate) async fn attempt_knowing(&self, sql: &str) -> Result<Outcome, Refusal> {
        self.client.batch_execute("savepoint attempt").await.unwrap();
        let outcome = match self.client.simple_query(sql).await {
            Ok(messages) => Ok(collect(&messages)),
            Err(error) => Err(Refusal::new(&error)),
        };
        self.look_and_undo(sql, outcome).await
    }

    /// The same for a COPY to us.
    pub(crate) async fn attempt_copy_out(&self, sql: &str) -> Result<Outcome, Refusal> {
        self.client.batch_execute("savepoint attempt").await.unwrap();
        let copied = async {
            let stream = self.client.copy_out(sql).await?;
            stream.try_collect::<Vec<Bytes>>().await
        };
        let outcome = match copied.await {
            Ok(parts) => {
                let text = String::from_utf8_lossy(&parts.concat()).into_owned();
                Ok(Outcome { rows: text.lines().count() as u64, text })
            }
            Err(error) => Err(Refusal::new(&error)),
        };
        self.judge(sql, outcome).await
    }

    /// Sends rows by COPY as the attacker does in a transaction of its own, which is then undone.
    ///
    /// A refused COPY leaves the driver's connection out of step, so each has its own.
    pub(crate) async fn attempt_copy_in(
        fixture: &Fixture,
        way: Way,
        sql: &str,
        rows: &str,
    ) -> Result<u64, Refusal> {
        let attacker = Self::new(fixture, way, "shelfops_app").await;
        attacker.enter(ALFA).await;
        let copied = async {
            let sink = attacker.client.copy_in(sql).await?;
            futures::pin_mut!(sink);
            sink.send(Bytes::from(rows.to_owned())).await?;
            sink.finish().await
        };
        let outcome = copied.await.map_err(|error| Refusal::new(&error));
        if let Some(marker) = outcome.as_ref().err().and_then(|it| BRAVO.secret_in(&it.text)) {
            panic!("`{sql}` told {marker}");
        }
        outcome
    }

    async fn judge(
        &self,
        sql: &str,
        outcome: Result<Outcome, Refusal>,
    ) -> Result<Outcome, Refusal> {
        let told = match &outcome {
            Ok(outcome) => outcome.text.clone(),
            Err(refusal) => refusal.to_string(),
        };
        if let Some(marker) = BRAVO.secret_in(&told) {
            panic!("`{sql}` told {marker}: {told}");
        }
        self.look_and_undo(sql, outcome).await
    }

    async fn look_and_undo(
        &self,
        sql: &str,
        outcome: Result<Outcome, Refusal>,
    ) -> Result<Outcome, Refusal> {
        if outcome.is_ok() && self.way == Way::SteppedDown {
            let after = self.look_as_superuser().await;
            assert_eq!(after, self.victim().await, "`{sql}` changed rows of the other retailer");
        }
        self.client.batch_execute("rollback to savepoint attempt").await.unwrap();
        outcome
    }

    /// Returns the fingerprint as the attacker's own transaction has it.
    pub(crate) async fn look_as_superuser(&self) -> String {
        self.client.batch_execute("set session authorization default; reset role").await.unwrap();
        let row = self.client.query_one(&self.fingerprint, &[]).await.unwrap();
        row.get(0)
    }

    /// Returns the fingerprint as everybody else sees it.
    pub(crate) async fn victim(&self) -> String {
        self.witness.query_one(&self.fingerprint, &[]).await.unwrap().get(0)
    }

    /// Returns how the attacker came to its role.
    pub(crate) const fn way(&self) -> Way {
        self.way
    }

    /// Returns the witness: a superuser.
    pub(crate) const fn witness(&self) -> &Client {
        &self.witness
    }
}

/// Joins what a statement returned.
pub(crate) fn collect(messages: &[SimpleQueryMessage]) -> Outcome {
    let mut outcome = Outcome::default();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => {
                for place in 0..row.len() {
                    outcome.text.push_str(row.get(place).unwrap_or_default());
                    outcome.text.push('\t');
                }
                outcome.text.push('\n');
            }
            SimpleQueryMessage::CommandComplete(rows) => outcome.rows += rows,
            _ => {}
        }
    }
    outcome
}

/// Tables of everybody's that grow by what a tenant does for itself, and hold no tenant's data: the names of
/// kinds of jobs, and of partitions that are finished before the transaction is.
const SHARED: [&str; 2] = ["shelfops_queue._private_tasks", "shelfops.chunks_in_the_making"];

/// Returns which rows of a table that is not the tenants' own are none of the attacker's business.
fn not_the_attackers(table: &str, has_tenant: bool) -> String {
    let (own, other) = (ALFA.customer_id, BRAVO.customer_id);
    match table {
        // A job is whose it says, and a queue whose id stands before its name.
        "shelfops_queue._private_jobs" => {
            format!("payload ->> 'customer_id' is distinct from '{own}'")
        }
        "shelfops_queue._private_job_queues" => format!("queue_name not like '{own}/%'"),
        _ if has_tenant => format!("customer_id = '{other}'"),
        // Nobody's, so that nobody may change it.
        _ => "true".to_owned(),
    }
}

/// What TimescaleDB keeps about chunks, aggregates and jobs.
const TIMESCALE_STATE: [&str; 8] = [
    "_timescaledb_catalog.hypertable",
    // Not its status: a statement that only looks for rows in compressed data marks it as touched.
    "(select id, hypertable_id, schema_name, table_name, compressed_chunk_id, dropped
      from _timescaledb_catalog.chunk)",
    "_timescaledb_catalog.dimension",
    "_timescaledb_catalog.dimension_slice",
    "_timescaledb_catalog.chunk_constraint",
    "_timescaledb_catalog.continuous_agg",
    "_timescaledb_catalog.continuous_aggs_watermark",
    "_timescaledb_config.bgw_job",
];

/// Returns the statement that sums up all that belongs to the victim, in whichever table, and what holds it.
async fn fingerprint(witness: &Client) -> String {
    let sum = |source: &str, condition: &str| {
        format!(
            "(select count(*) || coalesce(md5(string_agg(found::text, '|' order by found::text)), '')
              from {source} as found where {condition})"
        )
    };
    let belongs = format!("customer_id = '{}'", BRAVO.customer_id);
    let relations = tenant_relations(witness).await;
    let mut parts: Vec<String> =
        relations.iter().map(|relation| sum(&relation.storage, &belongs)).collect();
    let others = other_tables(witness).await;
    let others = others.iter().filter(|(table, _)| !SHARED.contains(&table.as_str()));
    parts.extend(
        others.map(|(table, has_tenant)| sum(table, &not_the_attackers(table, *has_tenant))),
    );
    let has_timescale = "select exists (select from pg_extension where extname = 'timescaledb')";
    if witness.query_one(has_timescale, &[]).await.unwrap().get(0) {
        parts.extend(TIMESCALE_STATE.iter().map(|table| sum(table, "true")));
    }
    format!("select concat_ws(' ', {})", parts.join(", "))
}
