//! Requests as they come from outside: wrong, large, slow, many, and each with its id.

use serde_json::{Value, json};
use shelfops_testkit::wait_for;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

use crate::fixture::{Reply, Server, shop};

#[tokio::test]
async fn what_is_asked_wrongly_is_told_how() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let server = Server::of(&shop, &[]).await;
    for (input, part) in [
        (json!({}), "tenant"),
        (json!({ "tenant": 5 }), "string"),
        (json!({ "tenant": "acme", "limt": 5 }), "limt"),
        (json!([]), "acme"),
        (json!("acme"), "acme"),
    ] {
        let reply = server.call("quarantine-list", &input).key(&key).send().await;
        let detail = reply.is_problem(400, "usage");
        assert!(detail.contains(part) || !input.is_object(), "{detail}");
    }
    let path = "/api/v1/operations/quarantine-list";
    let post = || server.ask("POST", path).key(&key);
    let json_type = ("content-type", "application/json; charset=utf-8");
    let broken = post().header(json_type.0, json_type.1).body("{").send().await;
    assert!(broken.is_problem(400, "usage").contains("no JSON"), "{broken:?}");
    // A thousand brackets must not be a thousand frames.
    let deep = post().header(json_type.0, json_type.1).body("[".repeat(100_000)).send().await;
    deep.is_problem(400, "usage");
    let form = post().header("content-type", "text/plain").body("{\"tenant\":\"acme\"}");
    form.send().await.is_problem(415, "usage");
    let good = post().header(json_type.0, json_type.1).body("{\"tenant\":\"acme\"}");
    good.send().await.succeeds();

    let unknown = server.call("tenant-destroy", &json!({})).key(&key).send().await;
    assert!(unknown.is_problem(404, "not-found").contains("/api/v1/operations"), "{unknown:?}");
    server.get("/nothing/here").send().await.is_problem(404, "not-found");
    let wrong_way = server.ask("DELETE", path).key(&key).send().await;
    wrong_way.is_problem(405, "method-not-allowed");
    assert_eq!(wrong_way.header("allow"), Some("POST"));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let server = Server::of(&shop, &[]).await;
    let list = |slug: String| server.call("quarantine-list", &json!({ "tenant": slug })).key(&key);
    let envelope = json!({ "tenant": "" }).to_string().len();
    let fits = list("a".repeat(1024 * 1024 - envelope)).send().await;
    fits.is_problem(403, "forbidden");
    let too_large = list("a".repeat(1024 * 1024 - envelope + 1)).send().await;
    too_large.is_problem(413, "too-large");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let server = Server::of(&shop, &["--request-timeout", "2"]).await;
    let head = format!(
        "POST /api/v1/operations/sync-list HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{{"
    );
    let reply = Reply::read(server.connect(head.as_bytes()).await).await;
    reply.is_problem(408, "timed-out");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read", "write"]).await;
    let server = Server::of(&shop, &["--request-timeout", "1"]).await;
    let client = shop.database().connect().await.unwrap();
    client
        .batch_execute("begin; lock table quarantined_records in access exclusive mode")
        .await
        .unwrap();
    for operation in ["quarantine-list", "quarantine-replay"] {
        let ask = server.call(operation, &json!({ "tenant": "acme" })).key(&key);
        ask.send().await.is_problem(504, "timed-out");
    }
    client.batch_execute("rollback").await.unwrap();
    // What changes something is finished and written down, although nobody waited.
    let entry = "select exists (select from audit_log where operation = 'quarantine replay')";
    wait_for("the replay to be written down", Duration::from_secs(30), async || {
        client.query_one(entry, &[]).await.unwrap().get(0)
    })
    .await
    .unwrap();
    let is_answered = async || {
        let ask = server.call("quarantine-list", &json!({ "tenant": "acme" })).key(&key);
        ask.send().await.status == 200
    };
    wait_for("the list to be told in time", Duration::from_secs(60), is_answered).await.unwrap();
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_to_wait() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let other = shop.key("other", "acme", &["read"]).await;
    // One a minute, three at once: slower than any test.
    let server = Server::of(&shop, &["--requests-per-minute", "3"]).await;
    let list =
        |key: &str| server.call("quarantine-list", &json!({ "tenant": "acme" })).key(key).send();
    for _ in 0..3 {
        list(&key).await.succeeds();
    }
    let refused = list(&key).await;
    refused.is_problem(429, "rate-limited");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    list(&other).await.succeeds();
    // Who looks after the server is never told to wait.
    server.get("/healthz").send().await.succeeds();
}

#[tokio::test]
async fn a_request_has_one_id_in_its_answer_and_in_the_log() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let server = Server::of(&shop, &["--log-format", "json"]).await;
    let list = |id: &str| {
        server
            .call("quarantine-list", &json!({ "tenant": "acme" }))
            .key(&key)
            .header("x-request-id", id)
            .send()
    };
    assert_eq!(list("client-7").await.header("x-request-id"), Some("client-7"));
    // One that would spoil a log is replaced.
    let replaced = list("a b\tc").await;
    let made = replaced.header("x-request-id").unwrap();
    assert_eq!(made.len(), 36, "{made}");
    let path = "/api/v1/operations?token=not-for-logs";
    let reply = server.get(path).header("x-request-id", "client-8").send().await;
    reply.is_problem(401, "unauthorized");

    let answer = server.stop().await.succeeds();
    let lines: Vec<Value> = answer
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let of = |id: &str| lines.iter().find(|line| line["span"]["request_id"] == id).unwrap();
    let line = of("client-7");
    assert_eq!(line["message"], "answered");
    assert_eq!(line["status"], 200);
    assert_eq!(line["route"], "/api/v1/operations/{name}");
    assert_eq!(line["span"]["principal"], "api-key:till");
    assert!(line["duration_ms"].is_number(), "{line}");
    assert_eq!(of("client-8")["status"], 401);
    of(made);
    // No key, and nothing behind the path.
    let secret = key.rsplit_once('_').unwrap().1;
    assert!(!answer.stderr.contains(secret) && !answer.stderr.contains("not-for-logs"));
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let shop = shop().await;
    let server = Server::of(&shop, &[]).await;
    let mut stream = server.connect(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut answer = String::new();
    for round in 1..=3 {
        if round > 1 {
            let again = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, again).await.unwrap();
        }
        while answer.matches("alive").count() < round {
            let mut chunk = [0; 1024];
            let count = stream.read(&mut chunk).await.unwrap();
            assert!(count > 0, "{answer}");
            answer.push_str(std::str::from_utf8(&chunk[..count]).unwrap());
        }
    }
    // What is no HTTP ends its own connection and nothing else.
    let nonsense = server.connect(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").await;
    drop(nonsense);
    server.get("/healthz").send().await.succeeds();
}
