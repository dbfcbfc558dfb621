//! Drift on the schema as it is: none on a clean database, and what somebody did by hand is found, alarmed
//! of and mended.

use shelfops_testkit::{Engine, TestDatabase, engines, own_server, server_for};
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::fixture::{Answer, Command};

struct Site {
    database: TestDatabase,
    directory: TempDir,
}

impl Site {
    async fn open(engine: Engine) -> Self {
        let database = server_for(engine).await.unwrap().empty().await.unwrap();
        Self::build(database, engine).await
    }

    async fn build(database: TestDatabase, engine: Engine) -> Self {
        let site = Self { database, directory: tempfile::tempdir().unwrap() };
        site.call(&format!("migrate up --timeseries-engine {}", engine.name())).await.succeeds();
        site
    }

    fn command(&self, line: &str) -> Command {
        Command::new(self.directory.path())
            .env("DATABASE_URL", self.database.url())
            .args(line.split(' '))
    }

    async fn call(&self, line: &str) -> Answer {
        self.command(line).run().await
    }

    async fn client(&self) -> Client {
        self.database.connect().await.unwrap()
    }
}

/// Changes by hand on our own tables, and what each must be called.
const SEEDS: &[(&str, &str)] = &[
    ("alter table public.stores add column phone text", "column public.stores.phone"),
    ("alter table public.stores alter column name drop not null", "column public.stores.name"),
    ("alter table public.products alter column sku type varchar(40)", "column public.products.sku"),
    ("alter table public.stores no force row level security", "table public.stores"),
    ("drop policy tenant_isolation on public.alerts", "policy tenant_isolation on public.alerts"),
    (
        "alter policy tenant_isolation on public.stores using (true)",
        "policy tenant_isolation on public.stores",
    ),
    (
        "grant select on shelfops.tenants to shelfops_app",
        "grant on table shelfops.tenants to shelfops_app",
    ),
    (
        "grant usage on schema timeseries to shelfops_app",
        "grant on schema timeseries to shelfops_app",
    ),
    ("drop index public.alerts_open", "index alerts_open on public.alerts"),
    ("create index on public.stores (city)", "index stores_city_idx on public.stores"),
    (
        "alter function shelfops.enter_tenant(uuid) security invoker",
        "function shelfops.enter_tenant(uuid)",
    ),
    (
        "grant execute on function shelfops.enter_tenant(uuid) to public",
        "grant on routine shelfops.enter_tenant(uuid) to public",
    ),
    (
        "alter table public.anomalies drop constraint anomalies_severity_score_check",
        "constraint anomalies_severity_score_check on public.anomalies",
    ),
    ("alter table public.alerts owner to shelfops_app", "table public.alerts"),
    (
        "alter table public.stores disable trigger all",
        "constraint alerts_customer_id_store_id_fkey on public.alerts",
    ),
    ("create table public.scratch (id bigint)", "table public.scratch"),
    ("comment on table public.stores is null", "table public.stores"),
];

async fn found(site: &Site, against: &str) -> (Answer, Vec<String>) {
    let answer = site.call(&format!("migrate drift{against} --output json")).await;
    let names = answer.data()["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|difference| difference["object"].as_str().unwrap().to_owned())
        .collect();
    (answer, names)
}

/// Runs the statements of an answer.
async fn mend(client: &Client, answer: &Answer) {
    for statement in answer.data()["statements"].as_array().unwrap() {
        let sql = statement["sql"].as_str().unwrap();
        client
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}\n{answer}"));
    }
}

#[tokio::test]
async fn a_clean_database_has_no_drift_and_leaves_nothing_behind() {
    for engine in engines().await.unwrap() {
        let site = Site::open(engine).await;
        let client = site.client().await;
        client
            .batch_execute(
                "select shelfops.ensure_chunks('transactions', array['2026-03-02'::timestamptz])",
            )
            .await
            .unwrap();
        let (answer, names) = found(&site, "").await;
        assert_eq!(names, Vec::<String>::new(), "{}: {answer}", engine.name());
        let answer = answer.succeeds();
        assert!(answer.data()["objects"].as_u64().unwrap() > 400, "{answer}");
        let left = client
            .query_one(
                "select count(*) from pg_database
                 where datname = 'shelfops_scratch_' || left(md5(current_database()), 16)",
                &[],
            )
            .await
            .unwrap();
        assert_eq!(left.get::<_, i64>(0), 0);
    }
}

#[tokio::test]
async fn what_was_changed_by_hand_is_found_named_and_mended() {
    for engine in engines().await.unwrap() {
        let site = Site::open(engine).await;
        let client = site.client().await;
        site.call("migrate drift --save clean.json").await.succeeds();
        for (change, named) in SEEDS {
            client
                .batch_execute(change)
                .await
                .unwrap_or_else(|error| panic!("{change}: {error:?}"));
            let (answer, names) = found(&site, " --against clean.json").await;
            assert!(names.iter().any(|name| name == named), "{change}: {answer}");
            let answer = answer.exits_with(3);
            mend(&client, &answer).await;
            let (answer, names) = found(&site, " --against clean.json").await;
            assert_eq!(names, Vec::<String>::new(), "{change}: {answer}");
            let silent = "select count(*) from pg_trigger where tgisinternal and tgenabled <> 'O'";
            let silent = client.query_one(silent, &[]).await.unwrap();
            assert_eq!(silent.get::<_, i64>(0), 0, "{change}");
        }
    }
}

/// Makes the roles what the migrations make them, where a run that was killed has left them otherwise.
const ROLES_AS_MADE: &str = "do $$ begin
    if exists (select from pg_roles where rolname = 'shelfops_app') then
        alter role shelfops_app nosuperuser nobypassrls nocreaterole;
        alter role shelfops_readonly nosuperuser nobypassrls nocreaterole;
        revoke shelfops_owner from shelfops_app;
        alter role shelfops_app reset all;
        alter role shelfops_readonly set default_transaction_read_only = on;
    end if;
end $$";

/// Changes of our roles by hand, whose each is, and whether the declared schema can be built all the same.
const ROLE_SEEDS: &[(&str, &str, bool)] = &[
    ("alter role shelfops_app bypassrls", "role shelfops_app", false),
    ("grant shelfops_owner to shelfops_app", "role shelfops_app", false),
    ("alter role shelfops_readonly superuser", "role shelfops_readonly", false),
    ("alter role shelfops_app set statement_timeout = '1ms'", "role shelfops_app", true),
    (
        "alter role shelfops_readonly reset default_transaction_read_only",
        "role shelfops_readonly",
        true,
    ),
];

#[tokio::test]
async fn a_role_that_could_see_every_tenant_is_told_alarmed_of_and_mended() {
    // Its own, for roles belong to the server.
    let database = own_server("roles").await.unwrap().empty().await.unwrap();
    let client = database.connect().await.unwrap();
    client.batch_execute(ROLES_AS_MADE).await.unwrap();
    let site = Site::build(database, Engine::Native).await;
    site.call("migrate drift").await.succeeds();
    for (change, named, is_built) in ROLE_SEEDS {
        client.batch_execute(change).await.unwrap();
        let (answer, names) = found(&site, "").await;
        assert_eq!(names, [*named], "{change}: {answer}");
        assert_eq!(answer.data()["not_compared"].is_null(), *is_built, "{change}: {answer}");
        mend(&client, &answer.exits_with(3)).await;
        let (answer, names) = found(&site, "").await;
        assert_eq!(names, Vec::<String>::new(), "{change}: {answer}");
    }
    // What else differs is told when roles are as they should be.
    let harm = "alter role shelfops_app bypassrls; alter table public.stores add column phone text";
    client.batch_execute(harm).await.unwrap();
    let shown = site.call("migrate drift").await.exits_with(3);
    assert!(shown.stdout.contains("changed  role shelfops_app"), "{shown}");
    assert!(shown.stdout.contains("alter role shelfops_app nobypassrls;"), "{shown}");
    assert!(shown.stderr.contains("1 difference in 3 objects"), "{shown}");
    assert!(shown.stderr.contains("only roles were compared"), "{shown}");
    let due = "update shelfops.upkeep_schedules set next_due_at = now(), is_paused = kind <> 'schema-drift'";
    client.batch_execute(due).await.unwrap();
    let running = site.command("worker").start();
    let open = "select message from shelfops.platform_alerts where resolved_at is null";
    let alert =
        async || client.query_opt(open, &[]).await.unwrap().map(|row| row.get::<_, String>(0));
    let patience = std::time::Duration::from_secs(60);
    shelfops_testkit::wait_for("the alert", patience, async || alert().await.is_some())
        .await
        .unwrap();
    let message = alert().await.unwrap();
    assert!(message.contains("role shelfops_app, and nothing but roles"), "{message}");
    running.kill().await;
    client.batch_execute("alter role shelfops_app nobypassrls").await.unwrap();
    let (answer, names) = found(&site, "").await;
    assert_eq!(names, ["column public.stores.phone"], "{answer}");
}

#[tokio::test]
async fn drift_is_shown_to_people_and_alarmed_of() {
    let site = Site::open(Engine::Native).await;
    let client = site.client().await;
    client.batch_execute("alter table public.stores add column phone text").await.unwrap();
    let shown = site.call("migrate drift").await.exits_with(3);
    assert!(shown.stdout.contains("extra    column public.stores.phone"), "{shown}");
    assert!(shown.stdout.contains("alter table public.stores drop column phone;"), "{shown}");
    assert!(shown.stdout.contains("-- rows or values are lost:"), "{shown}");
    assert!(shown.stderr.contains("1 difference in"), "{shown}");
    let missing = site.call("migrate drift --against nowhere.json").await.fails_with(5);
    assert!(missing.contains("nowhere.json does not exist"), "{missing}");
}

#[tokio::test]
async fn a_killed_check_is_cleaned_up_after_by_the_next() {
    let site = Site::open(Engine::Native).await;
    let client = site.client().await;
    let scratch = "select datname::text from pg_database where datname = 'shelfops_scratch_' \
                   || left(md5(current_database()), 16)";
    let mut running = site.command("migrate drift").start();
    shelfops_testkit::wait_for(
        "the database beside to be made",
        std::time::Duration::from_secs(30),
        async || client.query_opt(scratch, &[]).await.unwrap().is_some() || !running.is_running(),
    )
    .await
    .unwrap();
    running.kill().await;
    site.call("migrate drift").await.succeeds();
    assert!(client.query_opt(scratch, &[]).await.unwrap().is_none());
}

/// Waits until no job runs: while it does, one of its kind that is due is taken for it.
async fn until_idle(client: &tokio_postgres::Client) {
    let running =
        "select exists (select from shelfops_queue._private_jobs where locked_at is not null)";
    let is_idle = async || !client.query_one(running, &[]).await.unwrap().get::<_, bool>(0);
    let patience = std::time::Duration::from_secs(60);
    shelfops_testkit::wait_for("the jobs to end", patience, is_idle).await.unwrap();
}

#[tokio::test]
async fn a_worker_raises_one_alert_and_takes_it_back_when_it_is_mended() {
    let site = Site::open(Engine::Native).await;
    let client = site.client().await;
    let due = "update shelfops.upkeep_schedules set next_due_at = now(), is_paused = kind <> 'schema-drift'";
    let open = "select count(*) from shelfops.platform_alerts where resolved_at is null";
    let count = async || client.query_one(open, &[]).await.unwrap().get::<_, i64>(0);
    client.batch_execute("alter table public.stores add column phone text").await.unwrap();
    client.batch_execute(due).await.unwrap();
    let running = site.command("worker").start();
    let patience = std::time::Duration::from_secs(60);
    shelfops_testkit::wait_for("the alert", patience, async || count().await == 1).await.unwrap();
    let doctor = site.call("doctor").await;
    assert!(doctor.stdout.contains("column public.stores.phone"), "{doctor}");
    client.batch_execute("alter table public.stores drop column phone").await.unwrap();
    until_idle(&client).await;
    client.batch_execute(due).await.unwrap();
    shelfops_testkit::wait_for("its end", patience, async || count().await == 0).await.unwrap();
    running.kill().await;
}

#[tokio::test]
async fn a_policy_that_is_silent_is_told_and_alarmed_of_until_it_runs() {
    let site = Site::open(Engine::Native).await;
    let client = site.client().await;
    let series = async || {
        let checks = site.call("doctor --output json").await.succeeds().data();
        let checks = checks.as_array().unwrap().clone();
        let found = checks.into_iter().find(|check| check["check"] == "time series").unwrap();
        (found["state"].as_str().unwrap().to_owned(), found["found"].to_string())
    };
    assert_eq!(series().await.0, "ok", "what was built just now need not have run");
    client
        .batch_execute(
            "update shelfops_ledger.migrations set applied_at = now() - interval '30 days';
             alter function shelfops.timeseries_policies() rename to real_policies;
             create function shelfops.timeseries_policies()
             returns table (
                 policy text, object text, runs_every interval, last_succeeded_at timestamptz,
                 last_status text
             )
             language sql as $$
                 select * from shelfops.real_policies()
                 union all
                 select 'compression', 'transactions', '1 hour', now() - interval '9 hours', 'Failed'
             $$",
        )
        .await
        .unwrap();
    let (state, found) = series().await;
    assert_eq!(state, "warning");
    for wanted in
        ["timeseries-upkeep", "never run", "compression of transactions", "0 of at least 2"]
    {
        assert!(found.contains(wanted), "{wanted}: {found}");
    }
    let due = "update shelfops.upkeep_schedules
        set next_due_at = now(), is_paused = kind <> 'timeseries-upkeep'";
    let open = "select message from shelfops.platform_alerts
        where kind = 'silent-policies' and resolved_at is null";
    let alert =
        async || client.query_opt(open, &[]).await.unwrap().map(|row| row.get::<_, String>(0));
    client.batch_execute(due).await.unwrap();
    let running = site.command("worker").start();
    let patience = std::time::Duration::from_secs(60);
    shelfops_testkit::wait_for("the alert", patience, async || alert().await.is_some())
        .await
        .unwrap();
    let message = alert().await.unwrap();
    assert!(message.contains("compression of transactions"), "{message}");
    // Upkeep ran, and made what was missing.
    assert!(!message.contains("timeseries-upkeep") && !message.contains("ahead"), "{message}");
    client
        .batch_execute(
            "drop function shelfops.timeseries_policies();
             alter function shelfops.real_policies() rename to timeseries_policies",
        )
        .await
        .unwrap();
    until_idle(&client).await;
    client.batch_execute(due).await.unwrap();
    shelfops_testkit::wait_for("its end", patience, async || alert().await.is_none())
        .await
        .unwrap();
    running.kill().await;
    assert_eq!(series().await.0, "ok");
}
