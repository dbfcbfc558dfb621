//! A database with tables of a hundred thousand rows, and how it is advised.

use std::collections::BTreeSet;
use std::time::Duration;

use shelfops_advisor::advice::{Advice, Advisor, Request, Statement};
use shelfops_advisor::proof::{Copy, Proof, prove};
use shelfops_advisor::rollups::SLOW_MS;
use shelfops_testkit::TestDatabase;
use tokio_postgres::Client;

/// Tables whose rows are where they are by no chance: `lines` lie in the order of their time, and their
/// states, stores and products are spread. The rows of `spread` lie in no order at all.
const TABLES: &str = "
    -- Vacuum sees as visible to all only what is on disk.
    set synchronous_commit = on;
    create table stores (store_id integer primary key, name text not null, region text not null);
    insert into stores
    select place, 'Store ' || place, 'region ' || place % 5 from generate_series(1, 200) as place;
    create table lines (
        line_id integer primary key, store_id integer not null, product_id integer not null,
        sold_at timestamptz not null, state text not null, quantity integer, amount numeric(12, 2) not null,
        note text not null);
    insert into lines
    select place, place * 7919 % 200 + 1, place % 5000 * 4729 % 5000,
        timestamptz '2026-01-01 00:00+00' + place * interval '30 seconds',
        case when place * 31 % 100 = 0 then 'open' else 'done' end, place % 7, place % 1000 * 1.01,
        md5(place::text) || md5((place + 1)::text) || md5((place + 2)::text)
    from generate_series(1, 120000) as place;
    create table spread as
    select place as line_id, place * 7919 % 25 as store_id, place % 31 as kind,
        timestamptz '2026-01-01 00:00+00' + place * interval '30 seconds' as sold_at,
        (hashint4(place) & 65535) * 0.01 as amount, md5(place::text) || md5((place + 1)::text) as note
    from generate_series(1, 120000) as place
    order by hashint4(place);
    create table visits (
        visit_id integer not null, store_id integer not null, seen_at timestamptz not null, note text not null
    ) partition by range (seen_at);
    create table visits_1 partition of visits for values from ('2026-01-01') to ('2026-02-01');
    create table visits_2 partition of visits for values from ('2026-02-01') to ('2026-03-01');
    insert into visits
    select place, place * 7919 % 2000, timestamptz '2026-01-01 00:00+00' + place * interval '40 seconds',
        md5(place::text) || md5((place + 1)::text)
    from generate_series(1, 100000) as place;
    alter table lines set (autovacuum_enabled = off);";

/// A database, and a session in it.
pub(super) struct Bench {
    pub(super) client: Client,
    pub(super) url: String,
    /// Last, so that the session is closed before the database is dropped.
    pub(super) _database: TestDatabase,
}

/// Returns a database with tables, where nothing is done in parallel or compiled.
pub(super) async fn bench() -> Bench {
    let database = TestDatabase::from_template("advice", TABLES, async |url: String| {
        let client = shelfops_testkit::connect(&url).await?;
        for statement in TABLES.split(";\n") {
            client.batch_execute(statement).await?;
        }
        shelfops_testkit::vacuum_all(&client).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })
    .await
    .unwrap();
    let url = database.url();
    Bench { client: calm(&url).await, url, _database: database }
}

/// Connects to a database in which all sessions to come plan alike.
pub(super) async fn calm(url: &str) -> Client {
    let client = shelfops_testkit::connect(url).await.unwrap();
    let row = client.query_one("select quote_ident(current_database())", &[]).await.unwrap();
    let name: String = row.get(0);
    let settings = [
        "max_parallel_workers_per_gather = 0",
        "jit = off",
        "timezone = 'UTC'",
        "random_page_cost = 1.1",
    ];
    for setting in settings {
        client.batch_execute(&format!("alter database {name} set {setting}")).await.unwrap();
    }
    drop(client);
    shelfops_testkit::connect(url).await.unwrap()
}

pub(super) fn asked(sql: &str) -> Statement {
    Statement { name: "it".to_owned(), sql: sql.to_owned(), ..Statement::default() }
}

pub(super) fn request(statements: Vec<Statement>) -> Request {
    Request {
        statements,
        budget_bytes: Some(1 << 30),
        time: Duration::from_secs(60),
        asker: None,
        counted_seconds: None,
        may_be_old: false,
        slow_ms: SLOW_MS,
    }
}

impl Bench {
    /// Advises, and proves it. The search has a session of its own: its transaction would hold locks on what
    /// is built.
    pub(super) async fn proved(&self, request: Request) -> (Advice, Proof) {
        let client = shelfops_testkit::connect(&self.url).await.unwrap();
        client.batch_execute("begin").await.unwrap();
        let mut advisor = Advisor::begin(&client, request).await.unwrap();
        let outcome = prove(&mut advisor, &self.copy()).await;
        advisor.end().await.unwrap();
        outcome.unwrap()
    }

    /// Does something to the database first.
    pub(super) async fn with(self, sql: &str) -> Self {
        for statement in sql.split(";\n").filter(|it| !it.trim().is_empty()) {
            self.client.batch_execute(statement).await.unwrap();
        }
        self
    }

    pub(super) async fn advice(&self, request: Request) -> Advice {
        self.client.batch_execute("begin").await.unwrap();
        let mut advisor = Advisor::begin(&self.client, request).await.unwrap();
        let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
        advisor.end().await.unwrap();
        self.client.batch_execute("rollback").await.unwrap();
        assert_eq!(advice.what_if.missing, None, "HypoPG is to be installed where tests run");
        advice
    }

    /// Advises on one statement; answers the definitions of the indexes.
    pub(super) async fn indexes(&self, sql: &str) -> Vec<String> {
        let advice = self.advice(request(vec![asked(sql)])).await;
        advice.indexes.into_iter().map(|index| index.definition).collect()
    }

    /// Expects exactly one index for a statement.
    pub(super) async fn wants(&self, sql: &str, definition: &str) {
        let advice = self.advice(request(vec![asked(sql)])).await;
        let indexes: Vec<&str> = advice.indexes.iter().map(|it| it.definition.as_str()).collect();
        assert_eq!(indexes, [definition], "{sql}\n{:#?}", advice.rejected);
    }

    /// Names this very database as the one to prove in: it is a test's own.
    pub(super) fn copy(&self) -> Copy {
        Copy::at(&self.url, None, 3, Duration::from_secs(20)).unwrap()
    }
}
