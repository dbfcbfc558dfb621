//! A server's life: not ready, ready, counted, stopped in the middle of a request.

use std::time::Duration;

use serde_json::json;
use shelfops_testkit::{TestDatabase, wait_for};
use tokio::net::TcpStream;

use super::serve_keys::OPERATOR;
use crate::fixture::{Command, Server, shop};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_server_is_ready_once_the_database_is_migrated() {
    let database = TestDatabase::empty().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let command = || {
        Command::new(directory.path())
            .env("DATABASE_URL", database.url())
            .env("SHELFOPS_TIMESERIES_ENGINE", "native")
    };
    let server = Server::start(command(), &[]).await;
    server.get("/healthz").send().await.succeeds();
    let missing = server.get("/readyz").send().await;
    let detail = missing.is_problem(503, "not-ready");
    assert!(detail.contains("pending") && detail.contains("shelfops migrate up"), "{detail}");
    assert_eq!(missing.json()["missing"], json!(["migrations"]));
    // A key cannot be looked up yet; that is a failure of the server and not of the key.
    let key = format!("shk_{}_{}", "0".repeat(32), "A".repeat(43));
    server.get("/api/v1/operations").key(&key).send().await.is_problem(500, "failed");

    command().args(["migrate", "up"]).run().await.succeeds();
    assert_eq!(server.get("/readyz").send().await.succeeds()["status"], "ready");
    server.get("/api/v1/operations").key(&key).send().await.is_problem(401, "unauthorized");

    // A schema that is older than the program again.
    command().args(["migrate", "down"]).run().await.succeeds();
    server.get("/readyz").send().await.is_problem(503, "not-ready");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_without_its_address() {
    let directory = tempfile::tempdir().unwrap();
    let command = Command::new(directory.path())
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/secret-place")
        .env("SHELFOPS_OPERATOR_KEY", OPERATOR)
        // Set to nothing is not set.
        .env("SHELFOPS_REQUEST_TIMEOUT", "")
        .env("SHELFOPS_REQUESTS_PER_MINUTE", "");
    let server = Server::start(command, &[]).await;
    server.get("/healthz").send().await.succeeds();
    let missing = server.get("/readyz").send().await;
    missing.is_problem(503, "not-ready");
    assert_eq!(missing.json()["missing"], json!(["database"]));
    assert!(!missing.body.contains("secret-place"), "{missing:?}");

    let key = format!("shk_{}_{}", "0".repeat(32), "A".repeat(43));
    let tenant = server.get("/api/v1/operations").key(&key).send().await;
    tenant.is_problem(503, "dependency-down");
    assert!(!tenant.body.contains("secret-place"), "{tenant:?}");
    assert_eq!(tenant.header("retry-after"), Some("5"));
    // The operator is told all of it.
    let operator = server.call("tenant-list", &json!({})).key(OPERATOR).send().await;
    assert!(operator.is_problem(503, "dependency-down").contains("secret-place"), "{operator:?}");
    server.get("/metrics").send().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let shop = shop().await;
    let server = Server::of(&shop, &[]).await;
    let said = shop.run(["serve", "--listen", server.address()]).await.fails_with(1);
    assert!(said.contains("cannot listen on") && said.contains(server.address()), "{said}");
}

#[tokio::test]
async fn what_happens_is_counted_and_names_no_tenant() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let server = Server::of(&shop, &[]).await;
    for tenant in ["acme", "acme", "bravo"] {
        let ask = server.call("quarantine-list", &json!({ "tenant": tenant })).key(&key);
        ask.send().await;
    }
    server.get("/some/thing/else").send().await;
    let reply = server.get("/metrics").send().await;
    assert_eq!(reply.status, 200);
    let kind = reply.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let route = "route=\"/api/v1/operations/{name}\"";
    for line in [
        format!("shelfops_http_requests_total{{method=\"POST\",{route},status=\"200\"}} 2"),
        format!("shelfops_http_requests_total{{method=\"POST\",{route},status=\"403\"}} 1"),
        "shelfops_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1"
            .to_owned(),
        format!("shelfops_http_request_duration_seconds_count{{method=\"POST\",{route}}} 3"),
        "shelfops_operations_total{operation=\"quarantine list\",outcome=\"good\"} 2".to_owned(),
        "shelfops_operations_total{operation=\"quarantine list\",outcome=\"forbidden\"} 1"
            .to_owned(),
        "shelfops_database_connections{pool=\"tenants\",state=\"limit\"} 16".to_owned(),
        "shelfops_http_requests_running 1".to_owned(),
        "shelfops_jobs{state=\"dead\"} 0".to_owned(),
        "shelfops_notifications_waiting 0.0".to_owned(),
        "shelfops_quarantined_records 0.0".to_owned(),
        "# EOF".to_owned(),
    ] {
        assert!(reply.body.contains(&line), "{line}\n{}", reply.body);
    }
    for name in ["acme", "bravo", "till"] {
        assert!(!reply.body.contains(name), "{name}\n{}", reply.body);
    }
}

#[tokio::test]
async fn a_server_that_is_stopped_finishes_what_runs() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let server = Server::of(&shop, &[]).await;
    let client = shop.database().connect().await.unwrap();
    client
        .batch_execute("begin; lock table quarantined_records in access exclusive mode")
        .await
        .unwrap();
    let ask = server.call("quarantine-list", &json!({ "tenant": "acme" })).key(&key);
    let asking = tokio::spawn(ask.send());
    let waits = "select exists (select from pg_locks where not granted
                 and relation = 'quarantined_records'::regclass)";
    wait_for("the request to run", PATIENCE, async || {
        client.query_one(waits, &[]).await.unwrap().get(0)
    })
    .await
    .unwrap();
    // One that is idle does not keep the server.
    let idle = server.connect(b"").await;
    server.running.signal("TERM");
    wait_for("the server to accept no more", PATIENCE, async || {
        TcpStream::connect(server.address()).await.is_err()
    })
    .await
    .unwrap();
    assert!(!asking.is_finished());
    client.batch_execute("rollback").await.unwrap();
    asking.await.unwrap().succeeds();
    server.running.end().await.succeeds();
    drop(idle);
    // Its connections went with it.
    let left = "select count(*) from pg_stat_activity
                where datname = current_database() and application_name = 'shelfops'";
    wait_for("its connections to be closed", PATIENCE, async || {
        client.query_one(left, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_embedded_server_is_served_and_stopped_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let command = || Command::new(directory.path()).env("SHELFOPS_OPERATOR_KEY", OPERATOR);
    let server = Server::start(command(), &[]).await;
    server.call("migrate-up", &json!({})).key(OPERATOR).send().await.succeeds();
    assert_eq!(server.get("/readyz").send().await.succeeds()["status"], "ready");
    let tenant = json!({ "slug": "acme", "currency": "EUR", "time_zone": "Europe/Berlin" });
    server.call("tenant-add", &tenant).key(OPERATOR).send().await.succeeds();
    let add = json!({ "name": "till", "tenant": "acme" });
    let added = server.call("api-key-add", &add).key(OPERATOR).send().await.succeeds();
    let key = added["data"]["key"].as_str().unwrap();
    let shown = server.call("tenant-show", &json!({ "slug": "acme" })).key(key).send().await;
    assert_eq!(shown.succeeds()["data"]["currency"], "EUR");
    server.stop().await.succeeds();
    assert!(!directory.path().join(".shelfops/postgres/data/postmaster.pid").exists());
}
