//! Webhooks over the wire: what the vendor did not send is refused, what it sends again is done once.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use shelfops_simulators::square::{Forger, SentWebhook};
use shelfops_testkit::wait_for;

use crate::fixture::{Reply, Server, Shop, Vendor, shop};

const DEADLINE: Duration = Duration::from_secs(60);

const KEY: &str = "Xf3kv9Q-signature-key";

const MERCHANT: &str = "MLMERCHANT001";

/// How many webhooks are forged in every way.
const ROUNDS: usize = 8;

/// How often one is sent again.
const REPETITIONS: usize = 40;

/// A server that a tenant's vendor sends to.
struct Receiver {
    shop: Shop,
    vendor: Vendor,
    server: Server,
}

impl Receiver {
    async fn start() -> (Self, Forger) {
        let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
        let command = vendor.command(&shop).env("SHELFOPS_SQUARE_WEBHOOK_KEYS", KEY);
        let server = Server::start_at(command, vendor.public_address()).await;
        let add = "integration add square --tenant acme --no-wait -o json";
        let begun = vendor.call(&shop, add).await.succeeds().data();
        vendor.agree(begun["authorize_url"].as_str().unwrap()).await;
        let url = format!("http://{}/webhooks/square", vendor.public_address());
        (Self { shop, vendor, server }, Forger::new(7, KEY, &url))
    }

    /// Sends a webhook to an address and returns the status of the answer.
    async fn post_to(&self, path: &str, sent: &SentWebhook) -> u16 {
        let mut bytes = head(path, sent);
        bytes.extend(format!("content-length: {}\r\n\r\n", sent.body.len()).bytes());
        bytes.extend_from_slice(&sent.body);
        Reply::read(self.server.connect(&bytes).await).await.status
    }

    async fn post(&self, sent: &SentWebhook) -> u16 {
        self.post_to("/webhooks/square", sent).await
    }

    async fn kept(&self) -> i64 {
        self.shop.number("select count(*) from webhook_events").await
    }

    /// Lets a worker work until something is so.
    async fn work_until(&self, is_so: impl AsyncFnMut() -> bool) {
        let worker = self.vendor.command(&self.shop).args(["worker"]).start();
        // It begins by putting what is due.
        wait_for("the worker to begin", DEADLINE, async || worker.said().contains("working on"))
            .await
            .unwrap();
        wait_for("the worker to be done", DEADLINE, is_so).await.unwrap();
        worker.signal("TERM");
        worker.end().await.succeeds();
    }

    async fn jobs(&self) -> Vec<Value> {
        let listed = self.shop.call("job list --tenant acme -o json").await.succeeds().data();
        listed.as_array().unwrap().clone()
    }

    /// Lists the jobs that look at notifications; what schedules have due meanwhile is none of them.
    async fn looks(&self) -> Vec<Value> {
        let is_look = |job: &Value| job["kind"] == "process-webhooks";
        self.jobs().await.into_iter().filter(is_look).collect()
    }

    /// Waits for jobs that look: they are put behind the answer.
    async fn looks_put(&self) -> Vec<Value> {
        let is_put = async || !self.looks().await.is_empty();
        wait_for("a job to be put", DEADLINE, is_put).await.unwrap();
        self.looks().await
    }
}

fn head(path: &str, sent: &SentWebhook) -> Vec<u8> {
    let mut bytes =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n").into_bytes();
    for (name, value) in &sent.headers {
        bytes.extend(name.bytes().chain(*b": "));
        bytes.extend(value.iter().chain(b"\r\n"));
    }
    bytes
}

/// Makes up the id of an event.
fn event_id(forger: &mut Forger) -> String {
    let event: Value = serde_json::from_slice(&forger.event(MERCHANT)).unwrap();
    event["event_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_the_vendor_did_not_send_is_refused_and_leaves_nothing_behind() {
    let (receiver, mut forger) = Receiver::start().await;
    let mut forged_count = 0;
    for round in 0..ROUNDS {
        let body = forger.event(MERCHANT);
        let genuine = forger.genuine(body);
        for forged in forger.forge_in_every_way(&genuine) {
            assert_eq!(receiver.post(&forged.sent).await, 403, "{forged:?}");
            forged_count += 1;
        }
        assert_eq!(receiver.kept().await, i64::try_from(round).unwrap());
        assert_eq!(receiver.post(&genuine).await, 200, "{genuine:?}");
    }
    assert!(forged_count > 300, "{forged_count}");
    let of_others = "select count(*) from webhook_events as event
                     where payload ->> 'merchant_id' <> 'MLMERCHANT001'";
    assert_eq!(receiver.shop.number(of_others).await, 0);
    assert_eq!(receiver.kept().await, i64::try_from(ROUNDS).unwrap());
    let waiting = receiver.looks_put().await;
    assert_eq!(waiting.len(), 1, "one job looks at all of them: {waiting:?}");
}

#[tokio::test]
async fn those_that_come_together_are_kept_and_one_that_cannot_be_is_the_only_one_refused() {
    let (receiver, mut forger) = Receiver::start().await;
    let mut sent: Vec<SentWebhook> = (0..40)
        .map(|_| {
            let body = forger.event(MERCHANT);
            forger.genuine(body)
        })
        .collect();
    // The same one again, at the same moment.
    sent.push(sent[0].clone());
    // No vendor has such an id, and PostgreSQL cannot keep it: it is larger than what an index takes.
    let mut spoilt: Value = serde_json::from_slice(&forger.event(MERCHANT)).unwrap();
    let large: String = (0..400).map(|_| event_id(&mut forger)).collect();
    spoilt["event_id"] = Value::from(large);
    sent.push(forger.genuine(spoilt.to_string().into_bytes()));
    let answers = join_all(sent.iter().map(|one| receiver.post(one))).await;
    let (last, others) = answers.split_last().unwrap();
    assert_eq!(*last, 503);
    assert!(others.iter().all(|status| *status == 200), "{others:?}");
    assert_eq!(receiver.kept().await, 40);
    assert_eq!(receiver.looks_put().await.len(), 1);
}

#[tokio::test]
async fn a_nul_character_keeps_no_notification_out_and_nothing_of_a_buyer_is_kept() {
    let (receiver, mut forger) = Receiver::start().await;
    let shop = &receiver.shop;
    let mut event: Value = serde_json::from_slice(&forger.event(MERCHANT)).unwrap();
    let payment = &mut event["data"]["object"]["payment"];
    payment["note"] = "gift\0 wrapped".into();
    payment["order_id"] = "ORDER\0".into();
    payment["buyer_email_address"] = "ann@example.com".into();
    payment["card_details"] = serde_json::json!({ "card": {
        "last_4": "1111", "cardholder_name": "ANN EXAMPLE", "fingerprint": "sq-1-abc",
    }});
    let genuine = forger.genuine(event.to_string().into_bytes());
    for _ in 0..2 {
        assert_eq!(receiver.post(&genuine).await, 200);
    }
    assert_eq!(receiver.kept().await, 1);
    let kept: Value =
        serde_json::from_str(&shop.texts("select payload::text from webhook_events").await[0])
            .unwrap();
    let expected = serde_json::json!({
        "event_id": event["event_id"], "type": "payment.updated", "merchant_id": MERCHANT,
        "created_at": event["created_at"],
        "data": {
            "id": event["data"]["id"],
            "object": { "payment": { "order_id": "ORDER\\0" } },
        },
    });
    assert_eq!(kept, expected);
    let settled = "select count(*) from webhook_events
                   where processed_at is not null and error is null";
    receiver.work_until(async || shop.number(settled).await == 1).await;
    assert_eq!(receiver.post(&genuine).await, 200);
    assert_eq!((receiver.kept().await, shop.number(settled).await), (1, 1));
}

#[tokio::test]
async fn what_is_too_large_broken_off_or_sent_elsewhere_is_refused_though_it_is_signed() {
    let (receiver, mut forger) = Receiver::start().await;
    let body = forger.event(MERCHANT);
    let genuine = forger.genuine(body.clone());
    let mut large = body.clone();
    large.resize(1024 * 1024 + 1, b' ');
    assert_eq!(receiver.post(&forger.genuine(large)).await, 413);
    for (path, status) in [("/webhooks/Square", 404), ("/webhooks/", 404), ("/webhooks", 404)] {
        assert_eq!(receiver.post_to(path, &genuine).await, status, "{path}");
    }
    let mut many_headers = genuine.clone();
    many_headers.headers.push(("x-padding".to_owned(), vec![b'x'; 1 << 20]));
    assert!(receiver.post(&many_headers).await >= 400);
    // Signed, and no event that is documented.
    assert_eq!(receiver.post(&forger.genuine(b"[]".to_vec())).await, 400);
    // Announced whole, and broken off in the middle: nobody is answered.
    let mut bytes = head("/webhooks/square", &genuine);
    bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    bytes.extend_from_slice(&body[..body.len() / 2]);
    drop(receiver.server.connect(&bytes).await);
    assert_eq!(receiver.kept().await, 0);

    // The same bytes in pieces, with its headers in capitals, are the same webhook.
    let shouted = SentWebhook {
        headers: genuine.headers.iter().map(|(n, v)| (n.to_uppercase(), v.clone())).collect(),
        body: body.clone(),
    };
    let mut bytes = head("/webhooks/square", &shouted);
    bytes.extend(*b"transfer-encoding: chunked\r\n\r\n");
    for piece in body.chunks(97) {
        bytes.extend(format!("{:x}\r\n", piece.len()).bytes());
        bytes.extend(piece.iter().chain(b"\r\n"));
    }
    bytes.extend(*b"0\r\n\r\n");
    let reply = Reply::read(receiver.server.connect(&bytes).await).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(receiver.kept().await, 1);
}

#[tokio::test]
async fn a_webhook_that_comes_again_and_again_is_kept_once_and_looked_at_once() {
    let (receiver, mut forger) = Receiver::start().await;
    let Receiver { shop, vendor, .. } = &receiver;
    let runs = "select count(*) from sync_runs where kind = 'sync' and stream = 'transactions'";
    // What a new connection has read at once is read, and nobody else reads sales after that.
    let pause =
        "schedule set --tenant acme --kind sync --source square --stream transactions --pause";
    shop.call(pause).await.succeeds();
    let references = "select count(distinct stream) from sync_runs
                      where stream in ('stores', 'products') and status = 'succeeded'
                          and kind = 'sync'";
    // Without jobs there may be some a moment later: the worker has put none yet.
    let is_read = async || shop.number(references).await == 2 && receiver.jobs().await.is_empty();
    receiver.work_until(is_read).await;
    let before = shop.number(runs).await;

    let body = forger.event(MERCHANT);
    let genuine = forger.genuine(body);
    let posts = (0..REPETITIONS).map(|_| receiver.post(&genuine));
    let statuses = futures::future::join_all(posts).await;
    assert_eq!(statuses, [200; REPETITIONS], "who repeats is told that it arrived");
    assert_eq!(receiver.kept().await, 1);
    let waiting = receiver.looks_put().await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(waiting[0]["kind"], "process-webhooks", "{waiting:?}");

    let settled = "select count(*) from webhook_events where processed_at is not null";
    let is_looked_at =
        async || shop.number(settled).await == 1 && receiver.looks().await.is_empty();
    receiver.work_until(is_looked_at).await;
    let processed_at = "select processed_at::text from webhook_events";
    let first = shop.texts(processed_at).await;
    let listed = "select concat_ws(' ', kind, status, origin, started_at, options) from sync_runs
                  where stream = 'transactions' order by started_at";
    assert_eq!(shop.number(runs).await, before + 1, "{:?}", shop.texts(listed).await);
    for _ in 0..3 {
        assert_eq!(receiver.post(&genuine).await, 200);
        assert_eq!(receiver.looks().await, [] as [Value; 0], "a repetition is nothing to do");
    }
    assert_eq!(shop.texts(processed_at).await, first);
    assert_eq!((shop.number(runs).await, receiver.kept().await), (before + 1, 1));
    vendor.assert_books_agree(shop).await;
}

#[tokio::test]
async fn a_tenant_that_is_connected_to_an_account_of_another_is_told_from_then_on() {
    let (receiver, mut forger) = Receiver::start().await;
    let Receiver { shop, vendor, .. } = &receiver;
    let superuser = shop.database().connect().await.unwrap();
    let kept_for = async |slug: &str| {
        let count = "select count(*) from webhook_events join shelfops.tenants using (customer_id)
                     where slug = $1";
        superuser.query_one(count, &[&slug]).await.unwrap().get::<_, i64>(0)
    };
    let add = "integration add square --tenant bravo --no-wait -o json";
    let begun = vendor.call(shop, add).await.succeeds().data();
    let mut happen = async || {
        let body = forger.event(MERCHANT);
        assert_eq!(receiver.post(&forger.genuine(body)).await, 200);
    };
    // Just now, so that the server knows well whose account it is.
    happen().await;
    vendor.agree(begun["authorize_url"].as_str().unwrap()).await;
    happen().await;
    assert_eq!((kept_for("acme").await, kept_for("bravo").await), (2, 1));
}

#[tokio::test]
async fn a_webhook_whose_job_was_never_put_is_looked_at_with_the_next_reading() {
    let (receiver, mut forger) = Receiver::start().await;
    let body = forger.event(MERCHANT);
    assert_eq!(receiver.post(&forger.genuine(body)).await, 200);
    receiver.looks_put().await;
    // As if the server had died between its answer and the job, an hour ago. It may be the one that says why
    // the vendor lets nobody in.
    let superuser = receiver.shop.database().connect().await.unwrap();
    superuser
        .batch_execute(
            "delete from shelfops_queue._private_jobs;
             update webhook_events set received_at = received_at - interval '1 hour';
             update integrations
             set status = 'failed', last_error = 'gone', failures = '{\"grant\": \"gone\"}'",
        )
        .await
        .unwrap();
    let settled = "select count(*) from webhook_events where processed_at is not null";
    let is_settled = async || receiver.shop.number(settled).await == 1;
    receiver.work_until(is_settled).await;
}
