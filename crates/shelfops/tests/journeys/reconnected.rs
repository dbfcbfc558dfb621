//! Connections that change while programs run: other tokens, other keys, another account, a shared one.

use std::time::Duration;

use serde_json::json;
use shelfops_simulators::square::{FaultKind, FaultPlan, MerchantConfig, RequestFault};
use shelfops_testkit::wait_for;

use super::serve_keys::OPERATOR;
use crate::fixture::{Running, Server, Shop, Vendor, shop};

const ADD: &str = "integration add square --tenant acme";
const CONNECT: &str = "integration connect --tenant acme --source square";

const PATIENCE: Duration = Duration::from_secs(60);

/// Has a tenant sent to the vendor's page; a server of ours waits for the way back.
async fn begin(vendor: &Vendor, shop: &Shop, line: &str) -> String {
    let begun = vendor.call(shop, &format!("{line} --no-wait -o json")).await.succeeds().data();
    begun["authorize_url"].as_str().unwrap().to_owned()
}

async fn serve(vendor: &Vendor, shop: &Shop) -> Server {
    Server::start_at(vendor.command(shop), vendor.public_address()).await
}

/// Does something as the tenant.
async fn as_acme(shop: &Shop, statement: &str) {
    let enter =
        "select shelfops.enter_tenant(customer_id) from shelfops.tenants where slug = 'acme'";
    let all = format!("begin; {enter}; {statement}; commit");
    shop.database().connect().await.unwrap().batch_execute(&all).await.unwrap();
}

/// Puts a job about the tenant's system, which is told this besides.
async fn put_job(shop: &Shop, kind: &str, told: &str) {
    let put = format!(
        "select shelfops.enqueue_job('{kind}', jsonb_build_object(
             'integration_id', integration_id {told}), null, null, 8)
         from integrations where source = 'square'"
    );
    as_acme(shop, &put).await;
}

/// Puts a job that reads a stream, and waits until it was read.
async fn read_by_worker(shop: &Shop, stream: &str) {
    let reads = format!(
        "select count(*) from sync_runs where stream = '{stream}' and status = 'succeeded'"
    );
    let before = shop.number(&reads).await;
    put_job(shop, "sync", &format!(", 'stream', '{stream}'")).await;
    wait_for("the worker to read", PATIENCE, async || shop.number(&reads).await > before)
        .await
        .unwrap();
}

async fn stop(worker: Running) {
    worker.signal("TERM");
    worker.end().await.succeeds();
}

async fn audited(shop: &Shop, principal: &str, operation: &str) -> i64 {
    shop.number(&format!(
        "select count(*) from audit_log
         where principal like '{principal}%' and operation = '{operation}' and outcome = 'done'"
    ))
    .await
}

#[tokio::test]
async fn programs_that_run_use_new_tokens_and_new_keys() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    let server = serve(&vendor, &shop).await;
    vendor.agree(&begin(&vendor, &shop, ADD).await).await;
    let worker = vendor.command(&shop).args(["worker", "--concurrency", "2"]).start();
    read_by_worker(&shop, "stores").await;

    // The key of before is gone from the file: whoever has not read it again can open nothing.
    vendor.call(&shop, "secret rotate --new-key").await.succeeds();
    let keys = std::fs::read_to_string(shop.path("keys")).unwrap();
    std::fs::write(shop.path("keys"), keys.lines().next().unwrap()).unwrap();
    // Tokens of before are worth nothing, and the server takes the tenant back.
    vendor.revoke().await;
    vendor.agree(&begin(&vendor, &shop, CONNECT).await).await;
    read_by_worker(&shop, "stores").await;
    read_by_worker(&shop, "products").await;
    let failed = shop.number("select count(*) from integrations where status <> 'active'").await;
    assert_eq!(failed, 0, "{}", worker.said());
    stop(worker).await;
    server.stop().await.succeeds();
    assert_eq!(audited(&shop, "vendor-consent", "integration connect").await, 2);
    // Once by the change of the key, with the name of who did it.
    assert!(audited(&shop, "terminal:", "secret rotate").await >= 1);
}

#[tokio::test]
async fn a_vendor_that_has_ended_the_connection_is_asked_no_more_until_it_is_made_anew() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    let server = serve(&vendor, &shop).await;
    vendor.agree(&begin(&vendor, &shop, ADD).await).await;
    vendor.revoke().await;
    let worker = vendor.command(&shop).args(["worker", "--concurrency", "2"]).start();
    // Every stream is due at once: the first hears that the grant is gone, and the others ask nobody.
    let unread = || worker.said().matches("not read: square must be connected again").count();
    wait_for("the other streams to be left alone", PATIENCE, async || unread() >= 4).await.unwrap();
    let asked = vendor.simulator.requests();
    let of_resources = asked.iter().filter(|request| request.path.starts_with("/v2/")).count();
    assert_eq!(of_resources, 1, "{asked:?}");

    // The token's own job asks now and then, and one refusal more changes nothing.
    put_job(&shop, "refresh-token", "").await;
    let status = || {
        let asked = vendor.simulator.requests();
        asked.iter().filter(|request| request.path == "/oauth2/token/status").count()
    };
    wait_for("the vendor to be asked for the grant", PATIENCE, async || status() == 1)
        .await
        .unwrap();
    let gone = "select count(*) from integrations where status = 'failed' and failures ? 'grant'";
    assert_eq!(shop.number(gone).await, 1);
    let told = [
        vendor.call(&shop, "integration check --tenant acme --source square").await.fails_with(1),
        vendor.call(&shop, "sync show --tenant acme --source square").await.exits_with(3).stdout,
        vendor.call(&shop, "integration show --tenant acme --source square").await.stdout,
    ];
    for told in told {
        assert!(told.contains(&format!("shelfops {CONNECT}")), "{told}");
    }

    vendor.agree(&begin(&vendor, &shop, CONNECT).await).await;
    read_by_worker(&shop, "stores").await;
    // What was refused may have been our own application: the token's job finds out when that is mended.
    let mistaken = "update integrations set status = 'failed', last_error = 'gone',
                        failures = '{\"grant\": \"gone\"}'";
    as_acme(&shop, mistaken).await;
    put_job(&shop, "refresh-token", "").await;
    wait_for("it to be found well", PATIENCE, async || shop.number(gone).await == 0).await.unwrap();
    read_by_worker(&shop, "products").await;
    stop(worker).await;
    server.stop().await.succeeds();
}

#[tokio::test]
async fn another_account_is_another_source() {
    let vendor = Vendor::start(|config| {
        config.auto_approve = None;
        let second =
            MerchantConfig { id: "MLOTHER00001".to_owned(), ..config.merchants[0].clone() };
        config.merchants.push(second);
    })
    .await;
    let shop = shop().await;
    let server = serve(&vendor, &shop).await;
    let told = vendor.agree_as(&begin(&vendor, &shop, ADD).await, "MLMERCHANT001").await;
    assert!(told.contains("is connected"), "{told}");
    let told = vendor.agree_as(&begin(&vendor, &shop, CONNECT).await, "MLOTHER00001").await;
    assert!(told.contains("Not connected"), "{told}");
    assert!(told.contains("this is account MLOTHER00001"), "{told}");
    assert!(told.contains("account MLMERCHANT001"), "{told}");
    let given_back = vendor.simulator.requests();
    assert!(given_back.iter().any(|request| request.path == "/oauth2/revoke"), "{given_back:?}");
    // The connection of before goes on.
    let read = "sync run --tenant acme --source square --stream stores -o json";
    vendor.call(&shop, read).await.succeeds();
    let account = "select external_account || status from integrations";
    assert_eq!(shop.texts(account).await, ["MLMERCHANT001active"]);
    server.stop().await.succeeds();
}

#[tokio::test]
async fn who_shares_an_account_keeps_it_when_another_leaves() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, ADD).await.succeeds();
    vendor.connect(&shop, "integration add square --tenant bravo").await.succeeds();
    let leave =
        |tenant: &str| format!("integration remove --tenant {tenant} --source square -o json");
    let left = vendor.call(&shop, &leave("acme")).await.succeeds();
    assert_eq!(left.data()["is_revoked_at_vendor"], true, "{left}");
    let read = "sync run --tenant bravo --source square --stream stores";
    vendor.call(&shop, read).await.succeeds();
    // The last one ends the whole grant.
    let left = vendor.call(&shop, &leave("bravo")).await.succeeds();
    assert_eq!(left.data()["is_revoked_at_vendor"], true, "{left}");
    assert!(!vendor.simulator.revoke("MLMERCHANT001", &vendor.client_id).await.unwrap());
}

#[tokio::test]
async fn a_client_is_told_whose_trouble_it_is() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, ADD).await.succeeds();
    let command = vendor.command(&shop).env("SHELFOPS_OPERATOR_KEY", OPERATOR);
    let server = Server::start(command, &[]).await;
    let key = shop.key("till", "acme", &["read", "write"]).await;
    let read = json!({ "tenant": "acme", "source": "square", "stream": ["stores"] });
    server.call("sync-run", &read).key(&key).send().await.succeeds();
    vendor.revoke().await;
    let refused = server.call("sync-run", &read).key(&key).send().await;
    let told = refused.is_problem(409, "reconnect-needed");
    assert!(told.contains("connect it again"), "{told}");
    server.stop().await.succeeds();
}

#[tokio::test]
async fn a_day_that_cannot_be_counted_keeps_no_other_from_being_compared() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, ADD).await.succeeds();
    vendor.call(&shop, "sync run --tenant acme --source square").await.succeeds();
    let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
    let ago = |days| today.checked_sub(jiff::Span::new().days(days)).unwrap();
    let line = format!("sync reconcile --tenant acme --source square --day {}", ago(7));
    vendor.call(&shop, &line).await.succeeds();
    // Of the days since then, the vendor refuses to tell of the third that is asked for: a missed one.
    let refused = RequestFault {
        fault: FaultKind::ServerError { status: 501 },
        per_mille: 1_000,
        path_prefix: "/v2/locations".to_owned(),
        skip: 2,
        times: Some(1),
    };
    let plan = FaultPlan { requests: vec![refused], ..FaultPlan::default() };
    vendor.simulator.set_faults(plan).unwrap();
    as_acme(&shop, "update schedules set is_paused = true").await;
    put_job(&shop, "reconcile", ", 'due_at', now()").await;
    let worker = vendor.command(&shop).args(["worker"]).start();
    let compared = format!(
        "select count(distinct business_date) from reconciliations
         where business_date between '{}' and '{}'",
        ago(6),
        ago(2)
    );
    wait_for("the first attempt", PATIENCE, async || worker.said().contains("attempt 2 follows"))
        .await
        .unwrap();
    assert!(worker.said().contains("square of acme: "), "{}", worker.said());
    assert_eq!(shop.number(&compared).await, 4, "all but the one that was refused");
    let oldest = format!("select count(*) from reconciliations where business_date = '{}'", ago(6));
    assert!(shop.number(&oldest).await > 0);
    // One odd answer costs no day.
    wait_for("the next attempt", PATIENCE, async || shop.number(&compared).await == 5)
        .await
        .unwrap();
    assert_eq!(worker.said().matches(" failed: ").count(), 1, "{}", worker.said());
    // What differed is compared again for some days: the cause may be mended meanwhile.
    let differed = format!(
        "update reconciliations set outcome = 'differs' where business_date in ('{}', '{}')
             and external_store_id = (select min(external_store_id) from reconciliations)",
        ago(6),
        ago(3)
    );
    as_acme(&shop, &differed).await;
    put_job(&shop, "reconcile", ", 'due_at', now()").await;
    let differing = async |days| {
        let of = "select count(*) from reconciliations where outcome = 'differs'";
        shop.number(&format!("{of} and business_date = '{}'", ago(days))).await
    };
    wait_for("the day that differed", PATIENCE, async || differing(3).await == 0).await.unwrap();
    assert!(differing(6).await > 0, "too long ago");
    stop(worker).await;
}

#[tokio::test]
async fn a_comparison_that_is_stopped_midway_concludes_nothing() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, ADD).await.succeeds();
    // Nothing was read: whatever the vendor counts differs, and is read now, slowly.
    let slow = RequestFault {
        fault: FaultKind::Slow { milliseconds: 1_500 },
        per_mille: 1_000,
        path_prefix: "/v2/orders/search".to_owned(),
        skip: 3,
        times: None,
    };
    let plan = FaultPlan { requests: vec![slow], ..FaultPlan::default() };
    vendor.simulator.set_faults(plan).unwrap();
    let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
    let day = today.checked_sub(jiff::Span::new().days(2)).unwrap();
    let line = format!("sync reconcile --tenant acme --source square --day {day}");
    let running = vendor.command(&shop).args(line.split(' ')).start();
    let searches = async || {
        let requests = vendor.simulator.requests();
        requests.iter().filter(|request| request.path == "/v2/orders/search").count()
    };
    // The totals of three stores, then the day again, line by line.
    wait_for("the day to be read", PATIENCE, async || searches().await > 3).await.unwrap();
    running.signal("TERM");
    let told = running.end().await.fails_with(1);
    assert!(told.contains("nothing is written down"), "{told}");
    assert_eq!(shop.number("select count(*) from reconciliations").await, 0);
    vendor.simulator.set_faults(FaultPlan::default()).unwrap();
    for stream in ["stores", "products"] {
        let read = format!("sync run --tenant acme --source square --stream {stream}");
        vendor.call(&shop, &read).await.succeeds();
    }
    let compared = vendor.call(&shop, &format!("{line} -o json")).await.succeeds();
    assert_eq!(compared.data().as_array().unwrap().len(), 3, "{compared}");
}
