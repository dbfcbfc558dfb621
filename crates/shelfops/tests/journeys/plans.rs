//! Plans: made instead of a change, approved by a person, applied once, and refused when anything is not as
//! it was.

use serde_json::Value;
use shelfops_testkit::TestDatabase;
use tempfile::TempDir;
use tokio_postgres::Client;

use super::serve_keys::OPERATOR;
use crate::fixture::{Answer, Command, Server};

struct Site {
    database: TestDatabase,
    directory: TempDir,
    environment: &'static str,
}

impl Site {
    async fn open(environment: &'static str) -> Self {
        let database = TestDatabase::empty().await.unwrap();
        let site = Self { database, directory: tempfile::tempdir().unwrap(), environment };
        // The first build asks nobody, wherever it is.
        site.call("migrate up --timeseries-engine native").await.succeeds();
        site
    }

    fn program(&self) -> Command {
        Command::new(self.directory.path())
            .env("DATABASE_URL", self.database.url())
            .env("SHELFOPS_ENVIRONMENT", self.environment)
    }

    fn command(&self, line: &str) -> Command {
        self.program().args(line.split(' '))
    }

    async fn call(&self, line: &str) -> Answer {
        self.command(line).run().await
    }

    async fn client(&self) -> Client {
        self.database.connect().await.unwrap()
    }

    /// Runs a command as somebody does who sits at a terminal; answers the exit code and what was said.
    async fn at_a_terminal(&self, line: &str) -> (i32, String) {
        let program = env!("CARGO_BIN_EXE_shelfops");
        let output = tokio::process::Command::new("script")
            .args(["--quiet", "--return", "--command", &format!("{program} {line}"), "/dev/null"])
            .current_dir(self.directory.path())
            .env("DATABASE_URL", self.database.url())
            .env("SHELFOPS_ENVIRONMENT", self.environment)
            .stdin(std::process::Stdio::null())
            .output()
            .await
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    async fn approve(&self, plan: i64) {
        let hash = self.plan(plan).await["content_hash"].as_str().unwrap()[..12].to_owned();
        let (code, said) =
            self.at_a_terminal(&format!("plan approve {plan} --hash {hash} --reason seen")).await;
        assert_eq!(code, 0, "{said}");
    }

    async fn plan(&self, plan: i64) -> Value {
        self.call(&format!("plan show {plan} --output json")).await.succeeds().data()
    }

    /// Somebody adds a column by hand, and a plan takes it away again.
    async fn drifted(&self) -> i64 {
        self.client()
            .await
            .batch_execute("comment on table public.stores is 'Changed.'")
            .await
            .unwrap();
        let answer = self.call("migrate drift --plan --output json").await.exits_with(3);
        answer.data()["plan"].as_i64().unwrap()
    }
}

fn events(plan: &Value) -> Vec<&str> {
    plan["events"].as_array().unwrap().iter().map(|it| it["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn migrations_outside_development_are_planned_approved_and_applied_once() {
    let site = Site::open("production").await;
    let client = site.client().await;
    client
        .batch_execute(
            "drop index public.api_keys_in_use;
             delete from shelfops_ledger.migrations where version = 20261126223000",
        )
        .await
        .unwrap();
    let made = site.call("migrate up --output json").await.exits_with(4);
    assert_eq!(made.data()[0]["plan"], 1, "{made}");
    assert_eq!(made.data()[0]["version"], "20261126223000", "{made}");
    let plan = site.plan(1).await;
    assert_eq!(
        (plan["state"].as_str(), plan["effect"].as_str()),
        (Some("proposed"), Some("heavy"))
    );
    assert!(plan["steps"][0]["statement"].as_str().unwrap().contains("create unique index"));
    assert_eq!(plan["touches"]["tables"][0]["table"], "public.api_keys", "{plan}");
    assert_eq!(plan["reversal"], "shelfops migrate down --steps 1");

    let said = site.call("plan apply 1").await.fails_with(4);
    assert!(said.contains("waits for somebody's approval"), "{said}");
    let said = site.call("plan approve 1").await.fails_with(4);
    assert!(said.contains("run this on a terminal"), "{said}");
    site.approve(1).await;
    let running: Vec<_> =
        (0..2).map(|_| site.command("plan apply 1 --output json").start()).collect();
    let mut codes = Vec::new();
    for process in running {
        codes.push(process.end().await.code);
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 6]);
    let plan = site.plan(1).await;
    assert_eq!(plan["state"], "applied", "{plan}");
    assert!(plan["steps"][0]["finished_at"].is_string(), "{plan}");
    let names = events(&plan);
    let expected = ["proposed", "refused", "approved", "applying", "applied", "refused"];
    assert_eq!(names, expected, "{plan}");
    let status = site.call("migrate status --output json").await.succeeds();
    assert!(status.data().as_array().unwrap().iter().all(|row| row["state"] == "applied"));
    // With nothing pending there is nothing to plan.
    site.call("migrate up").await.succeeds();
}

#[tokio::test]
async fn what_is_lost_in_production_wants_another_person_and_its_hash() {
    let site = Site::open("production").await;
    site.client().await.batch_execute("alter table public.stores add column x text").await.unwrap();
    let answer = site.call("migrate drift --plan --output json").await.exits_with(3);
    assert_eq!(answer.data()["plan"], 1, "{answer}");
    let plan = site.plan(1).await;
    assert_eq!(plan["effect"], "destructive", "{plan}");
    let (code, said) = site.at_a_terminal("plan approve 1").await;
    assert!(code == 2 && said.contains("--hash"), "{code} {said}");
    let (code, said) = site.at_a_terminal("plan approve 1 --hash 00000000").await;
    assert!(code == 6 && said.contains("another hash"), "{code} {said}");
    let hash = &plan["content_hash"].as_str().unwrap()[..8];
    let (code, said) = site.at_a_terminal(&format!("plan approve 1 --hash {hash}")).await;
    assert!(code == 7 && said.contains("another person"), "{code} {said}");
    // Not even by hand.
    let by_hand = "update shelfops.plans set state = 'approved', decided_by = created_by";
    let refused = site.client().await.batch_execute(by_hand).await.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().constraint(), Some("plans_two_people"));
    // A key is no person, the operator's neither.
    let server = Server::start(site.program().env("SHELFOPS_OPERATOR_KEY", OPERATOR), &[]).await;
    let input = serde_json::json!({ "plan": 1, "hash": hash });
    let reply = server.call("plan-approve", &input).key(OPERATOR).send().await;
    assert_eq!(reply.status, 403, "{reply:?}");
    site.call("plan reject 1 --reason no").await.succeeds();
    let said = site.call("plan apply 1").await.fails_with(6);
    assert!(said.contains("rejected"), "{said}");
}

#[tokio::test]
async fn a_plan_of_drift_mends_it() {
    let site = Site::open("staging").await;
    let plan = site.drifted().await;
    site.approve(plan).await;
    site.call(&format!("plan apply {plan}")).await.succeeds();
    site.call("migrate drift").await.succeeds();
    let shown = site.call(&format!("plan show {plan}")).await.succeeds();
    for part in ["-- step 1: light", "-- done at ", "comment on table public.stores is 'Changed.';"]
    {
        assert!(shown.stdout.contains(part), "{part}: {shown}");
    }
}

#[tokio::test]
async fn a_plan_is_refused_when_anything_is_not_as_it_was() {
    let site = Site::open("staging").await;
    let client = site.client().await;
    let refused = async |plan: i64, why: &str| {
        let said = site.call(&format!("plan apply {plan}")).await.fails_with(6);
        assert!(said.contains(why), "{said}");
        assert_eq!(events(&site.plan(plan).await).last(), Some(&"refused"));
    };
    // The schema.
    let plan = site.drifted().await;
    site.approve(plan).await;
    client.batch_execute("comment on table public.products is 'More.'").await.unwrap();
    refused(plan, "the schema is not the one").await;
    client.batch_execute("comment on table public.products is null").await.unwrap();
    // The statements, behind the back of the triggers.
    let plan = site.drifted().await;
    site.approve(plan).await;
    let tamper = format!(
        "set session_replication_role = replica;
         update shelfops.plan_steps set statement = 'drop table public.stores cascade'
         where plan_id = {plan};
         reset session_replication_role"
    );
    client.batch_execute(&tamper).await.unwrap();
    refused(plan, "is not what was proposed").await;
    // The time.
    let plan = site.drifted().await;
    site.approve(plan).await;
    let age = format!(
        "set session_replication_role = replica;
         update shelfops.plans set created_at = now() - interval '2 days',
             expires_at = now() - interval '1 day'
         where plan_id = {plan};
         reset session_replication_role"
    );
    client.batch_execute(&age).await.unwrap();
    refused(plan, "is expired").await;
    // The content is not to be changed in front of them either, and entries stay.
    for change in ["update shelfops.plans set title = 'x'", "delete from shelfops.plan_events"] {
        assert!(client.batch_execute(change).await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn a_plan_that_fails_leaves_nothing_and_says_why() {
    let site = Site::open("staging").await;
    let client = site.client().await;
    client
        .batch_execute(
            "alter table public.stores alter column name drop not null;
             insert into shelfops.tenants values ('00000000-0000-7000-8000-00000000000a', 'alpha');
             begin;
             select shelfops.enter_tenant('00000000-0000-7000-8000-00000000000a');
             insert into customers values ('00000000-0000-7000-8000-00000000000a', 'A', 'EUR', 'UTC');
             insert into stores (customer_id, store_id, time_zone)
             select customer_id, customer_id, 'UTC' from customers;
             commit",
        )
        .await
        .unwrap();
    let answer = site.call("migrate drift --plan --output json").await.exits_with(3);
    let plan = answer.data()["plan"].as_i64().unwrap();
    site.approve(plan).await;
    let said = site.call(&format!("plan apply {plan}")).await.fails_with(1);
    assert!(said.contains("failed at step 1") && said.contains("contains null values"), "{said}");
    assert_eq!(site.plan(plan).await["state"], "failed");
}

#[tokio::test]
async fn development_asks_nobody_but_can_plan() {
    let site = Site::open("development").await;
    let plan = site.drifted().await;
    assert_eq!(site.plan(plan).await["decided_by"], "policy");
    site.call(&format!("plan apply {plan}")).await.succeeds();
    let listed = site.call("plan list --state applied --output json").await.succeeds().data();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    site.call("plan list --state nonsense").await.fails_with(2);
    site.call("plan show 99").await.fails_with(5);
}

#[tokio::test]
async fn a_rejection_is_not_overridden_while_the_schema_is_looked_at() {
    let site = Site::open("staging").await;
    let plan = site.drifted().await;
    site.approve(plan).await;
    // Whoever rejects it holds the row; whoever applies it found it approved and comes to begin.
    let client = site.client().await;
    let reject =
        format!("begin; update shelfops.plans set state = 'rejected' where plan_id = {plan}");
    client.batch_execute(&reject).await.unwrap();
    let applying = site.command(&format!("plan apply {plan}")).start();
    let waits = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'
                     and query like '%update shelfops.plans%'";
    let observer = site.client().await;
    let is_waiting = async || observer.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) > 0;
    shelfops_testkit::wait_for("it to come", std::time::Duration::from_secs(120), is_waiting)
        .await
        .unwrap();
    client.batch_execute("commit").await.unwrap();
    let said = applying.end().await.fails_with(6);
    assert!(said.contains("is not approved any more"), "{said}");
    let plan = site.plan(plan).await;
    assert_eq!(plan["state"], "rejected", "{plan}");
    assert_eq!(events(&plan).last(), Some(&"refused"));
}

#[tokio::test]
async fn nothing_is_taken_back_where_nobody_can_approve_it() {
    let site = Site::open("production").await;
    let older = "drop table shelfops.plan_events, shelfops.plan_steps, shelfops.plans";
    site.client().await.batch_execute(older).await.unwrap();
    let said = site.call("migrate down --all --delete-data").await.fails_with(4);
    assert!(said.contains("older than plans"), "{said}");
    let there = "select count(*) from public.stores";
    site.client().await.query_one(there, &[]).await.unwrap();
}

#[tokio::test]
async fn a_plan_that_takes_everything_back_ends_well() {
    let site = Site::open("staging").await;
    site.call("migrate down --all --delete-data").await.exits_with(4);
    site.approve(1).await;
    let done = site.call("plan apply 1").await.succeeds();
    assert!(done.stdout.contains("applied, destructive"), "{done}");
    let gone = "select to_regclass('public.stores') is null";
    assert!(site.client().await.query_one(gone, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn drift_of_a_table_whose_name_wants_quotes_becomes_a_plan() {
    let site = Site::open("staging").await;
    let by_hand = "create table public.\"Odd.Name\" (id bigint primary key);
                   insert into public.\"Odd.Name\" values (1); analyze public.\"Odd.Name\"";
    site.client().await.batch_execute(by_hand).await.unwrap();
    let answer = site.call("migrate drift --plan --output json").await.exits_with(3);
    let plan = site.plan(answer.data()["plan"].as_i64().unwrap()).await;
    let touched = &plan["touches"]["tables"][0];
    assert_eq!((&touched["table"], &touched["rows"]), (&"public.Odd.Name".into(), &1.into()));
}

#[tokio::test]
async fn a_plan_whose_process_is_killed_is_gone_on_with() {
    let site = Site::open("staging").await;
    site.call("migrate down --steps 6").await.exits_with(4);
    site.approve(1).await;
    // The fifth takes a column away, and waits for who reads the table.
    let holder = site.client().await;
    let hold = "begin; lock table shelfops.upkeep_schedules in access share mode";
    holder.batch_execute(hold).await.unwrap();
    let applying = site.command("plan apply 1").start();
    let waits = "select count(*) from pg_stat_activity
                 where wait_event_type = 'Lock' and datname = current_database()
                     and query like '%upkeep_schedules%'";
    let observer = site.client().await;
    shelfops_testkit::wait_for("the fifth step", std::time::Duration::from_secs(60), async || {
        observer.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await
    .unwrap();
    applying.kill().await;
    let shown = site.call("plan show 1").await.succeeds().stdout;
    assert!(shown.contains("5 of 6 steps done"), "{shown}");
    holder.batch_execute("rollback").await.unwrap();

    site.call("plan apply 1").await.succeeds();
    let plan = site.plan(1).await;
    assert_eq!(plan["state"], "applied", "{plan}");
    let steps = plan["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| !step["finished_at"].is_null()), "{plan}");
    let left = "select count(*) from shelfops_ledger.migrations where version >= 20261127140000";
    assert_eq!(observer.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    site.call("plan apply 1").await.fails_with(6);
}

#[tokio::test]
async fn a_killed_statement_is_gone_on_with_unless_it_may_be_half_done() {
    let site = Site::open("staging").await;
    let plan = site.drifted().await;
    site.approve(plan).await;
    let client = site.client().await;
    // As a killed process leaves it: begun, and nothing remembered as done.
    let begun = format!("update shelfops.plans set state = 'applying' where plan_id = {plan}");
    client.batch_execute(&begun).await.unwrap();
    let events = "select detail from shelfops.plan_events where event = 'applying'";
    site.call(&format!("plan apply {plan}")).await.succeeds();
    let said: Option<String> = client.query_one(events, &[]).await.unwrap().get(0);
    assert_eq!(said.as_deref(), Some("goes on where it was broken off"));
    site.call("migrate drift").await.succeeds();

    client.batch_execute("drop index public.alerts_open").await.unwrap();
    let answer = site.call("migrate drift --plan --output json").await.exits_with(3);
    let alone = answer.data()["plan"].as_i64().unwrap();
    let steps = site.plan(alone).await["steps"].clone();
    assert_eq!(steps[0]["is_alone"], true, "{steps}");
    site.approve(alone).await;
    let begun = format!("update shelfops.plans set state = 'applying' where plan_id = {alone}");
    client.batch_execute(&begun).await.unwrap();
    let said = site.call(&format!("plan apply {alone}")).await.fails_with(6);
    assert!(said.contains("broken off at step 1") && said.contains("not valid"), "{said}");
}

#[tokio::test]
async fn who_approves_is_known_by_the_login_and_not_by_a_variable() {
    let site = Site::open("staging").await;
    let plan = site.drifted().await;
    let made = site.plan(plan).await["created_by"].as_str().unwrap().to_owned();
    let again =
        site.command("migrate drift --plan --output json").env("USER", "somebody-else").run();
    let answer = again.await.exits_with(3);
    let other = site.plan(answer.data()["plan"].as_i64().unwrap()).await;
    assert_eq!(other["created_by"], made.as_str());
    assert!(!made.contains("somebody-else") && made.starts_with("terminal:"), "{made}");
}
