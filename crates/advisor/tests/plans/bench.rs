//! A database with tables of a few ten thousand rows, and how its plans are judged.

use std::time::Duration;

use shelfops_advisor::plans::findings::{Finding, look};
use shelfops_advisor::plans::{ExplainRequest, Explained, Facts, explain};
use shelfops_testkit::TestDatabase;
use tokio_postgres::Client;

/// Tables whose statistics are right, and whose rows are where they are by no chance.
const TABLES: &str = "
    create table stores (store_id integer primary key, name text, region varchar(20));
    insert into stores
    select place, 'store ' || place, 'region ' || place % 5 from generate_series(1, 200) as place;
    create table lines (
        line_id integer primary key, store_id integer not null, product_id integer not null,
        sold_at timestamptz not null, quantity integer, amount numeric, note text);
    insert into lines
    select place, place % 200 + 1, place % 5000, timestamptz '2026-01-01 00:00+00'
            + place * interval '1 minute', place % 7, place * 1.01, repeat('x', 40)
    from generate_series(1, 50000) as place;
    create index lines_sold_at on lines (sold_at);
    create table tags (line_id integer, tag integer);
    insert into tags select place, place % 10 from generate_series(1, 20000) as place;
    alter table stores set (autovacuum_enabled = off);
    alter table lines set (autovacuum_enabled = off);
    alter table tags set (autovacuum_enabled = off);";

/// A database, and a session in it.
pub(crate) struct Bench {
    pub(crate) client: Client,
    /// Last, so that the session is closed before the database is dropped.
    pub(crate) _database: TestDatabase,
}

/// Returns a database with tables. Nothing is done in parallel and nothing is compiled unless a test
/// says so, so that plans are the same on every machine.
pub(crate) async fn bench() -> Bench {
    let database = TestDatabase::from_template("advisor", TABLES, async |url: String| {
        let client = shelfops_testkit::connect(&url).await?;
        for statement in TABLES.split(";\n") {
            client.batch_execute(statement).await?;
        }
        shelfops_testkit::vacuum_all(&client).await?;
        // Counted by the time that somebody asks for them.
        client.batch_execute("select pg_stat_force_next_flush()").await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })
    .await
    .unwrap();
    let client = database.connect().await.unwrap();
    let calm = "set max_parallel_workers_per_gather = 0; set jit = off; set timezone = 'UTC'";
    client.batch_execute(calm).await.unwrap();
    Bench { client, _database: database }
}

pub(crate) fn request(sql: &str, analyze: bool) -> ExplainRequest {
    ExplainRequest {
        sql: sql.to_owned(),
        analyze,
        timeout: Duration::from_secs(60),
        parameters: Vec::new(),
    }
}

impl Bench {
    /// Prepares the session or the tables.
    pub(crate) async fn with(self, sql: &str) -> Self {
        for statement in sql.split(';').filter(|it| !it.trim().is_empty()) {
            self.client.batch_execute(statement).await.unwrap();
        }
        self
    }

    pub(crate) async fn explained(&self, sql: &str, analyze: bool) -> Explained {
        explain(&self.client, &request(sql, analyze)).await.unwrap()
    }

    /// Runs a statement and judges its plan with what the database knows.
    pub(crate) async fn findings(&self, sql: &str) -> Vec<Finding> {
        let plan = self.explained(sql, true).await.plan;
        let facts = Facts::gather(&self.client, &plan).await.unwrap();
        let findings = look(&plan, &facts, None);
        eprintln!("{}", shelfops_advisor::plans::draw(&plan, &facts, &findings));
        findings
    }

    /// Expects a rule to speak of a statement, and returns what it says.
    pub(crate) async fn finds(&self, rule: &str, sql: &str) -> Finding {
        let findings = self.findings(sql).await;
        let said: Vec<_> = findings.iter().map(|it| (it.rule, it.what.clone())).collect();
        let found = findings.into_iter().find(|finding| finding.rule == rule);
        found.unwrap_or_else(|| panic!("{rule} is silent about {sql}; there is {said:?}"))
    }

    /// Expects a rule to be silent about a statement.
    pub(crate) async fn is_silent(&self, rule: &str, sql: &str) {
        let findings = self.findings(sql).await;
        let found = findings.iter().find(|finding| finding.rule == rule);
        assert!(found.is_none(), "{sql}: {found:?}");
    }
}

/// Returns the statements that a finding advises.
pub(crate) fn advised(finding: &Finding) -> String {
    let statements = finding.remedies.iter().filter_map(|remedy| remedy.sql.as_deref());
    statements.collect::<Vec<_>>().join("\n")
}
