//! A tenant who does not grant everything: what is granted is read, and what is missing stays visible.

use std::time::Duration;

use serde_json::{Value, json};
use shelfops_simulators::square::Forger;
use shelfops_testkit::wait_for;

use crate::fixture::{Answer, Command, Reply, Server, Shop, Vendor, shop};

const ADD: &str = "integration add square --tenant acme";
const CONNECT: &str = "integration connect --tenant acme --source square";
const SHOW: &str = "integration show --tenant acme --source square -o json";

const KEY: &str = "Xf3kv9Q-signature-key";

const PATIENCE: Duration = Duration::from_secs(150);

/// A shop whose merchant agrees to some of what is asked, and the server that takes the merchant back.
struct Connected {
    shop: Shop,
    vendor: Vendor,
    server: Server,
}

impl Connected {
    async fn without(scopes: &[&str]) -> Self {
        let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
        let command = vendor.command(&shop).env("SHELFOPS_SQUARE_WEBHOOK_KEYS", KEY);
        let server = Server::start_at(command, vendor.public_address()).await;
        let connected = Self { shop, vendor, server };
        connected.agree(ADD, scopes).await;
        connected
    }

    async fn agree(&self, line: &str, without: &[&str]) {
        let begun = self.call(&format!("{line} --no-wait -o json")).await.succeeds().data();
        let page = begun["authorize_url"].as_str().unwrap();
        let page = without.iter().fold(page.to_owned(), |page, scope| {
            assert!(page.contains(scope), "{page}");
            page.replace(&format!("+{scope}"), "").replace(&format!("{scope}+"), "")
        });
        self.vendor.agree(&page).await;
    }

    async fn call(&self, line: &str) -> Answer {
        self.vendor.call(&self.shop, line).await
    }

    async fn read(&self, stream: &str) -> Answer {
        let line = format!("sync run --tenant acme --source square --stream {stream}");
        self.call(&line).await
    }

    async fn shown(&self) -> Value {
        self.call(SHOW).await.succeeds().data()
    }

    /// Lets a worker work until something is so.
    async fn work_until(&self, what: &str, is_so: impl AsyncFnMut() -> bool) {
        let worker = self.vendor.command(&self.shop).args(["worker"]).start();
        wait_for(what, PATIENCE, is_so).await.unwrap();
        worker.signal("TERM");
        worker.end().await.succeeds();
    }

    /// Sends a notification of an event, and expects it to be taken.
    async fn notify(&self, forger: &mut Forger, kind: &str, object: Value) {
        let mut event: Value = serde_json::from_slice(&forger.event("MLMERCHANT001")).unwrap();
        event["type"] = kind.into();
        event["data"]["object"] = object;
        let sent = forger.genuine(event.to_string().into_bytes());
        let mut bytes =
            b"POST /webhooks/square HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".to_vec();
        for (name, value) in &sent.headers {
            bytes.extend(name.bytes().chain(*b": "));
            bytes.extend(value.iter().chain(b"\r\n"));
        }
        bytes.extend(format!("content-length: {}\r\n\r\n", sent.body.len()).bytes());
        bytes.extend_from_slice(&sent.body);
        assert_eq!(Reply::read(self.server.connect(&bytes).await).await.status, 200);
    }
}

#[tokio::test]
async fn a_stream_that_is_not_granted_is_told_until_it_is_granted() {
    let connected = Connected::without(&["INVENTORY_READ"]).await;
    let refused = connected.read("inventory").await.fails_with(1);
    let way_back = "shelfops integration connect --tenant acme --source square";
    for told in ["inventory of square", "INVENTORY_READ", way_back] {
        assert!(refused.contains(told), "{refused}");
    }
    let first = connected.shown().await;
    let why = first["error"].as_str().unwrap_or_default();
    assert_eq!(first["status"], "failed", "{first}");
    for told in ["inventory of square", "INVENTORY_READ", way_back] {
        assert!(why.contains(told), "{first}");
    }
    // What can be read says nothing of what cannot.
    for stream in ["stores", "products", "transactions"] {
        connected.read(stream).await.succeeds();
        let now = connected.shown().await;
        assert_eq!((&now["status"], &now["error"]), (&first["status"], &first["error"]));
    }
    connected.agree(CONNECT, &[]).await;
    let now = connected.shown().await;
    assert_eq!((&now["status"], &now["error"]), (&json!("active"), &Value::Null));
    connected.read("inventory").await.succeeds();
    assert_eq!(connected.shown().await["status"], "active");
    connected.server.stop().await.succeeds();
}

#[tokio::test]
async fn the_job_of_a_stream_that_is_not_granted_is_not_tried_again() {
    let connected = Connected::without(&["INVENTORY_READ"]).await;
    let shop = &connected.shop;
    let line = "job list --tenant acme --state dead -o json";
    let dead = async || shop.call(line).await.succeeds().data();
    let read = "select count(*) from sync_runs
                where stream = 'transactions' and status = 'succeeded'";
    connected
        .work_until("the job to be dead", async || {
            shop.number(read).await > 0 && !dead().await.as_array().unwrap().is_empty()
        })
        .await;
    let dead = dead().await;
    let jobs = dead.as_array().unwrap();
    for job in jobs {
        assert_eq!(job["kind"], "sync", "{dead}");
        assert!(job.to_string().contains("INVENTORY_READ"), "{dead}");
    }
    // The schedule's next time may come meanwhile: that is another job, tried once as well.
    let tried = "select count(*) from sync_runs where stream = 'inventory'";
    assert_eq!(shop.number(tried).await, jobs.len() as i64);
    connected.server.stop().await.succeeds();
}

#[tokio::test]
async fn notifications_of_a_stream_that_is_not_granted_keep_no_others_waiting() {
    let connected = Connected::without(&["ITEMS_READ"]).await;
    let shop = &connected.shop;
    let url = format!("http://{}/webhooks/square", connected.vendor.public_address());
    let mut forger = Forger::new(7, KEY, &url);
    let version = json!({ "catalog_version": { "updated_at": "2026-11-20T17:04:11.402Z" } });
    connected.notify(&mut forger, "catalog.version.updated", version).await;
    connected.notify(&mut forger, "payment.updated", json!({ "payment": {} })).await;
    let waiting = "select count(*) from webhook_events where processed_at is null";
    connected.work_until("both to be settled", async || shop.number(waiting).await == 0).await;
    let settled = "select concat_ws(' ', event_type, substring(error from 'ITEMS_READ'))
                   from webhook_events order by event_type";
    let told = shop.texts(settled).await;
    assert_eq!(told, ["catalog.version.updated ITEMS_READ", "payment.updated"]);
    let looks = "job list --tenant acme --kind process-webhooks -o json";
    assert_eq!(shop.call(looks).await.succeeds().data(), json!([]));
    connected.server.stop().await.succeeds();
}

#[tokio::test]
async fn a_check_without_the_list_of_stores_names_everything_that_is_missing() {
    let connected = Connected::without(&["MERCHANT_PROFILE_READ", "PAYMENTS_READ"]).await;
    let line = "integration check --tenant acme --source square -o json";
    let checked = connected.call(line).await.exits_with(3).data();
    assert_eq!(checked["stores"], Value::Null, "{checked}");
    let missing = checked["missing"].as_array().unwrap();
    for (stream, scope) in [
        ("stores", "MERCHANT_PROFILE_READ"),
        ("transactions", "MERCHANT_PROFILE_READ"),
        ("transactions", "PAYMENTS_READ"),
    ] {
        assert!(missing.contains(&json!({ "stream": stream, "scope": scope })), "{checked}");
    }
    assert_eq!(missing.len(), 3, "{checked}");
    connected.server.stop().await.succeeds();
}

#[tokio::test]
async fn an_application_without_a_secret_says_that_the_grant_goes_on() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    let unsecret = |command: Command| command.env("SHELFOPS_SQUARE_CLIENT_SECRET", "");
    let server = Server::start_at(unsecret(vendor.command(&shop)), vendor.public_address()).await;
    let run = async |line: &str| unsecret(vendor.command(&shop)).args(line.split(' ')).run().await;
    let begun = run(&format!("{ADD} --no-wait -o json")).await.succeeds().data();
    let page = begun["authorize_url"].as_str().unwrap();
    assert!(page.contains("code_challenge"), "{page}");
    vendor.agree(page).await;
    let line = "integration remove --tenant acme --source square -o json";
    let removed = run(line).await.succeeds();
    assert_eq!(removed.data()["is_revoked_at_vendor"], false, "{removed}");
    let told = removed.json().to_string();
    assert!(told.contains("goes on") && told.contains("Square Dashboard"), "{told}");
    let asked = vendor.simulator.requests();
    assert!(asked.iter().all(|request| request.path != "/oauth2/revoke"), "{asked:?}");
    server.stop().await.succeeds();
}
