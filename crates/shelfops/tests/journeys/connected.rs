//! A tenant's system from letting us in to disconnecting, against a simulated vendor.

use std::time::Duration;

use shelfops_simulators::square::{
    FaultKind, FaultPlan, Force, ForcedLine, ForcedReturn, ForcedSale, Moment, RequestFault,
};

use crate::fixture::{Vendor, shop};

const ADD: &str = "integration add square --tenant acme -o json";
const SYNC: &str = "sync run --tenant acme --source square -o json";

fn days_ago(days: i64) -> Moment {
    let now = jiff::Timestamp::now().as_millisecond();
    Moment::from_millis(now - days * 86_400_000)
}

fn sum(data: &serde_json::Value, of: &str) -> u64 {
    data.as_array().unwrap().iter().map(|report| report[of].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn a_system_is_connected_read_compared_and_disconnected() {
    // It begins days ago, so that no sale of the days that go by is one of the future.
    let vendor = Vendor::start(|config| config.start = days_ago(4)).await;
    let shop = shop().await;
    let added = vendor.connect(&shop, ADD).await.succeeds();
    assert_eq!(added.data()["status"], "active", "{added}");
    assert_eq!(added.data()["account"], "MLMERCHANT001", "{added}");
    let checked = vendor.call(&shop, "integration check --tenant acme --source square -o json");
    let checked = checked.await.succeeds();
    assert_eq!(checked.data()["missing"], serde_json::json!([]), "{checked}");
    assert_eq!(checked.data()["stores"], 3, "{checked}");

    let read = vendor.call(&shop, SYNC).await.succeeds();
    assert_eq!(sum(&read.data(), "quarantined"), 0, "{read}");
    assert!(sum(&read.data(), "inserted") > 1_000, "{read}");
    vendor.assert_books_agree(&shop).await;

    // Days go by: edits, returns, and sales that tills send late.
    vendor.advance(Duration::from_secs(2 * 86_400)).await;
    vendor.call(&shop, SYNC).await.succeeds();
    vendor.assert_books_agree(&shop).await;
    let again = vendor.call(&shop, SYNC).await.succeeds();
    assert_eq!(sum(&again.data(), "inserted") + sum(&again.data(), "updated"), 0, "{again}");

    let removed = vendor.call(&shop, "integration remove --tenant acme --source square -o json");
    let removed = removed.await.succeeds();
    assert_eq!(removed.data()["is_revoked_at_vendor"], true, "{removed}");
    let refused = vendor.call(&shop, SYNC).await.fails_with(2);
    assert!(refused.contains("integration connect"), "{refused}");
    let secrets = shop.number("select count(secrets_ciphertext) from integrations").await;
    assert_eq!(secrets, 0);
    // Connected again it goes on where it stopped.
    let line = "integration connect --tenant acme --source square -o json";
    vendor.connect(&shop, line).await.succeeds();
    vendor.advance(Duration::from_secs(86_400)).await;
    vendor.call(&shop, SYNC).await.succeeds();
    vendor.assert_books_agree(&shop).await;
}

/// The last day that is over by every store's clock: yesterday by the universal one is not, for the first
/// hours of a day, where a store lies west.
fn last_full_day() -> String {
    let day_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    let west = jiff::tz::TimeZone::fixed(jiff::tz::offset(-12));
    west.to_datetime(day_ago).date().to_string()
}

#[tokio::test]
async fn a_day_that_differs_from_the_vendors_is_told_and_mended() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, ADD).await.succeeds();
    vendor.call(&shop, SYNC).await.succeeds();
    let day = last_full_day();
    let line = format!("sync reconcile --tenant acme --source square --day {day} -o json");
    let equal = vendor.call(&shop, &line).await.succeeds();
    for store in equal.data().as_array().unwrap() {
        assert_eq!(store["outcome"], "equal", "{equal}");
    }
    // Somebody deletes a line.
    let sold = format!(
        "select line.external_id from transactions as line
         where transaction_type = 'sale' and business_date = '{day}'
         order by external_id limit 1",
    );
    let line_id = shop.texts(&sold).await.swap_remove(0);
    let client = shop.database().connect().await.unwrap();
    // The totals of the day follow, and belong to the tenant.
    let enter = "begin; select shelfops.enter_tenant(customer_id) from shelfops.tenants where slug = 'acme'";
    client.batch_execute(enter).await.unwrap();
    let mut spoilt = 0;
    // Where a view guards the table, only the table itself can be spoilt from outside.
    for table in ["public.transactions", "timeseries.transactions"] {
        let delete = format!("delete from {table} where external_id = $1");
        if spoilt == 0 {
            spoilt = client.execute(&delete, &[&line_id]).await.unwrap();
        }
    }
    assert_eq!(spoilt, 1);
    client.batch_execute("commit").await.unwrap();
    let broken = vendor.call(&shop, &line).await.succeeds();
    let repaired: Vec<_> = broken
        .data()
        .as_array()
        .unwrap()
        .iter()
        .filter(|store| store["outcome"] == "repaired")
        .cloned()
        .collect();
    assert_eq!(repaired.len(), 1, "{broken}");
    assert_eq!(repaired[0]["differences"][0]["record"], line_id.as_str(), "{broken}");
    vendor.assert_books_agree(&shop).await;
    let shown = vendor.call(&shop, "sync show --tenant acme --source square -o json").await;
    let shown = shown.succeeds().data();
    let outcomes: Vec<_> =
        shown["comparisons"].as_array().unwrap().iter().map(|day| &day["outcome"]).collect();
    assert!(outcomes.iter().any(|outcome| *outcome == "repaired"), "{shown}");
}

#[tokio::test]
async fn an_order_whose_lines_do_not_come_to_its_total_is_named_with_both_amounts() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, ADD).await.succeeds();
    vendor.call(&shop, SYNC).await.succeeds();
    let day = last_full_day();
    let fault = RequestFault {
        fault: FaultKind::RaisedTotals { amount: 7 },
        per_mille: 1_000,
        path_prefix: "/v2/orders/search".to_owned(),
        skip: 0,
        times: None,
    };
    vendor
        .simulator
        .set_faults(FaultPlan { requests: vec![fault], ..FaultPlan::default() })
        .unwrap();
    let runs = "select count(*) from sync_runs";
    let before = shop.number(runs).await;
    let line = format!("sync reconcile --tenant acme --source square --day {day} -o json");
    let compared = vendor.call(&shop, &line).await;
    assert_eq!(compared.code, 3, "{compared}");
    // Every line is here: reading again would mend nothing, and is not tried.
    assert_eq!(shop.number(runs).await, before);
    let stores = compared.data();
    let store = &stores[0];
    assert_eq!(
        (&store["outcome"], &store["vendor_lines"]),
        (&"differs".into(), &store["our_lines"])
    );
    let amount = |value: &serde_json::Value| {
        value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap()
    };
    let odd = &store["differences"][0];
    let cents = rust_decimal::Decimal::new(7, 2);
    assert_eq!(amount(&odd["vendor"]) - amount(&odd["here"]), cents, "{compared}");
    assert!(amount(&store["vendor_net"]) > amount(&store["our_net"]), "{compared}");
    let order = odd["record"].as_str().unwrap();
    let known = format!("select count(*) from transactions where external_order_id = '{order}'");
    assert!(shop.number(&known).await > 0, "{compared}");
    let shown = vendor.call(&shop, "sync show --tenant acme --source square").await;
    assert!(shown.stdout.contains("its lines do not come to its total"), "{shown}");
    // It was a whim of the vendor's.
    vendor.simulator.set_faults(FaultPlan::default()).unwrap();
    vendor.call(&shop, &line).await.succeeds();
}

#[tokio::test]
async fn what_was_refused_and_is_read_again_for_a_day_waits_once() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, ADD).await.succeeds();
    // No store is known yet: every line waits for its own.
    vendor.call(&shop, &format!("{SYNC} --stream transactions")).await;
    let waiting = "select count(*) from quarantined_records where status = 'waiting'";
    let first = shop.number(waiting).await;
    assert!(first > 0);
    let line = format!("sync reconcile --tenant acme --source square --day {}", last_full_day());
    let compared = vendor.call(&shop, &line).await.exits_with(3);
    let runs = "select count(*) from sync_runs where kind = 'backfill' and quarantined_count > 0";
    assert_eq!(shop.number(runs).await, 1, "{compared}");
    let twice = "select count(*) from (
                     select from quarantined_records where status = 'waiting'
                     group by record_number, raw, rule having count(*) > 1) as twice";
    assert_eq!((shop.number(twice).await, shop.number(waiting).await >= first), (0, true));
    // The list of the run that read again finds them where they wait.
    let run = "select sync_run_id::text from sync_runs where kind = 'backfill'";
    let run = shop.texts(run).await.swap_remove(0);
    let listed = vendor.call(&shop, &format!("quarantine list --tenant acme --run {run}")).await;
    assert!(listed.stderr.contains("first to refuse them"), "{listed}");
    for stream in ["stores", "products"] {
        vendor.call(&shop, &format!("{SYNC} --stream {stream}")).await.succeeds();
    }
    assert_eq!(shop.number(waiting).await, 0);
    vendor.call(&shop, &line).await.succeeds();
}

/// Sells two things at the first store; returns the order's id.
async fn sell(vendor: &Vendor, is_open: bool) -> String {
    let location_id = vendor.books().await.stores[0].location_id.clone();
    let line = |price| ForcedLine {
        variation_id: None,
        quantity: "1".to_owned(),
        unit_price: Some(price),
    };
    let lines = vec![line(1_000), line(500)];
    let sale = ForcedSale { location_id, lines, hours_late: 0, is_open, coupon: 0 };
    assert!(vendor.force(&Force::Sale(sale)).await);
    vendor.books().await.lines.last().unwrap().order_id.clone()
}

/// The lines that are no voids, by kind.
const COUNTED: &str = "
    select concat_ws(' ', transaction_type, count(*), trim_scale(sum(total_amount)))
    from transactions where transaction_type <> 'void' group by transaction_type order by 1";

#[tokio::test]
async fn what_was_told_too_early_or_is_told_no_more_is_taken_back() {
    let vendor = Vendor::start(|config| {
        config.start = days_ago(4);
        config.return_lag_seconds = 40 * 60;
        config.merchants[0].orders_per_day = 0;
    })
    .await;
    let shop = shop().await;
    let begun = jiff::Timestamp::from_millisecond(vendor.simulator.now().millis()).unwrap();
    vendor.connect(&shop, ADD).await.succeeds();
    let (sold, open) = (sell(&vendor, false).await, sell(&vendor, true).await);
    vendor.call(&shop, SYNC).await.succeeds();
    assert_eq!(shop.texts(COUNTED).await, ["sale 4 30"]);

    // Goods come back, and something for the trouble. Both refunds are listed before the return is.
    let lines = vec![(1, "1".to_owned())];
    let back = ForcedReturn { order_id: sold.clone(), lines, amount: None, instead: Vec::new() };
    assert!(vendor.force(&Force::Return(back)).await);
    assert!(vendor.force(&Force::RefundAmount { order_id: sold, amount: 200 }).await);
    vendor.advance(Duration::from_secs(35 * 60)).await;
    vendor.call(&shop, SYNC).await.succeeds();
    assert_eq!(shop.texts(COUNTED).await, ["return 2 7", "sale 4 30"], "as refunds of amounts");

    for _ in 0..2 {
        assert!(vendor.force(&Force::RemoveLastLine { order_id: open.clone() }).await);
    }
    vendor.advance(Duration::from_secs(10 * 60)).await;
    vendor.call(&shop, SYNC).await.succeeds();
    let found = ["return 2 7", "sale 2 15"];
    assert_eq!(shop.texts(COUNTED).await, found, "the goods and the trouble, each once");
    vendor.assert_books_agree(&shop).await;
    vendor.assert_refunds_agree(&shop).await;

    let again = vendor.call(&shop, SYNC).await.succeeds();
    assert_eq!(sum(&again.data(), "inserted") + sum(&again.data(), "updated"), 0, "{again}");
    vendor.advance(Duration::from_secs(2 * 86_400)).await;
    vendor.call(&shop, SYNC).await.succeeds();
    // By the store's clock it may still have been the day before.
    let day = jiff::tz::TimeZone::UTC.to_datetime(begun).date();
    for day in [day, day.yesterday().unwrap()] {
        let line = format!("sync reconcile --tenant acme --source square --day {day} -o json");
        let compared = vendor.call(&shop, &line).await.succeeds();
        for store in compared.data().as_array().unwrap() {
            assert_eq!(store["outcome"], "equal", "{compared}");
        }
    }
    assert_eq!(shop.texts(COUNTED).await, found);
}

#[tokio::test]
async fn tokens_are_unreadable_at_rest_and_keys_can_be_changed() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, ADD).await.succeeds();
    let key_of = "select secrets_key_id from integrations";
    let first = shop.texts(key_of).await;
    let stored = shop.texts("select encode(secrets_ciphertext, 'escape') from integrations").await;
    assert!(!stored[0].contains("access") && !stored[0].contains("EAAA"), "{stored:?}");
    let rotated = vendor.call(&shop, "secret rotate --new-key -o json").await.succeeds();
    assert_eq!(rotated.data()["secrets"], 1, "{rotated}");
    assert_ne!(shop.texts(key_of).await, first);
    let again = vendor.call(&shop, "secret rotate -o json").await.succeeds();
    assert_eq!(again.data()["unchanged"], 1, "{again}");
    // A secret whose key is lost keeps nobody else's from being encrypted anew.
    shop.call("tenant add zeta --currency USD --time-zone UTC").await.succeeds();
    let zeta = "integration add square --tenant zeta -o json";
    vendor.connect(&shop, zeta).await.succeeds();
    let lost = "update integrations set secrets_key_id = reverse(secrets_key_id)
        where customer_id = (select customer_id from shelfops.tenants where slug = 'acme')";
    shop.database().connect().await.unwrap().batch_execute(lost).await.unwrap();
    let keys = async || {
        let all =
            "select secrets_key_id from integrations join shelfops.tenants using (customer_id)
            order by slug";
        let rows = shop.database().connect().await.unwrap().query(all, &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>()
    };
    let before = keys().await;
    let partly = vendor.call(&shop, "secret rotate --new-key").await.fails_with(1);
    let after = keys().await;
    assert!(partly.contains("square of acme") && !partly.contains("zeta"), "{partly}");
    assert_eq!(after[0], before[0], "it is as it was");
    assert_ne!(after[1], before[1], "the other tenant's");
    vendor.call(&shop, "integration remove --tenant acme --source square").await;
    vendor
        .connect(&shop, "integration connect --tenant acme --source square -o json")
        .await
        .succeeds();
    vendor.call(&shop, "secret rotate").await.succeeds();
    let check = "integration check --tenant acme --source square";
    vendor.call(&shop, check).await.succeeds();
    // With other keys nothing can be opened, and nothing of a token is said.
    std::fs::write(shop.path("keys"), format!("{}=\n", "E".repeat(43))).unwrap();
    let refused = vendor.call(&shop, check).await;
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("sealed with key"), "{refused}");
}

#[tokio::test]
async fn a_way_back_that_was_not_begun_here_or_was_used_connects_nothing() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    let begun = vendor.call(&shop, &format!("{ADD} --no-wait")).await.succeeds();
    assert_eq!(begun.data()["status"], "pending", "{begun}");
    assert!(begun.data()["authorize_url"].as_str().unwrap().contains("oauth2/authorize"));
    let twice = vendor.call(&shop, ADD).await.fails_with(6);
    assert!(twice.contains("connected already"), "{twice}");
    let unset = shop.call("integration add square --tenant acme").await.fails_with(2);
    assert!(unset.contains("SHELFOPS_SQUARE_CLIENT_ID"), "{unset}");
    let nowhere = vendor.call(&shop, "integration show --tenant acme --source nothing").await;
    let nowhere = nowhere.fails_with(5);
    assert!(nowhere.contains("square"), "{nowhere}");
}

/// Three records of one run that a rule refused, and one that another did.
const REFUSED: &str = "
    begin;
    select shelfops.enter_tenant(customer_id) from shelfops.tenants where slug = 'acme';
    insert into quarantined_records
        (customer_id, quarantined_record_id, sync_run_id, source, stream, origin, record_number, rule,
         reason, raw)
    select run.customer_id, gen_random_uuid(), run.sync_run_id, run.source, run.stream, run.origin,
        number, case number when 4 then 'known-store' else 'totals-add-up' end,
        'reason ' || number, '{}'
    from (
        select * from sync_runs where stream = 'transactions' order by started_at limit 1
    ) as run
    cross join generate_series(1, 4) as number;
    commit";

#[tokio::test]
async fn what_is_refused_of_a_system_is_seen_with_it() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, ADD).await.succeeds();
    vendor.call(&shop, SYNC).await.succeeds();
    let of = "--tenant acme --source square";
    let clean = shop.call(&format!("integration show {of} -o json")).await.succeeds().json();
    assert_eq!(clean["data"]["quarantine"], serde_json::json!([]), "{clean}");
    shop.database().connect().await.unwrap().batch_execute(REFUSED).await.unwrap();
    for (command, code) in [("integration show", 0), ("sync show", 0)] {
        let shown = shop.call(&format!("{command} {of} -o json")).await.exits_with(code).json();
        let rows = shown["data"]["quarantine"].as_array().unwrap();
        let told: Vec<_> =
            rows.iter().map(|row| (row["rule"].as_str().unwrap(), &row["waiting"])).collect();
        assert_eq!(told, [("totals-add-up", &3.into()), ("known-store", &1.into())], "{shown}");
        assert!(rows.iter().all(|row| row["stream"] == "transactions"), "{shown}");
        assert_eq!(rows[0]["example"], "reason 1", "{shown}");
        assert!(rows[0]["since"].is_string(), "{shown}");
        let streams = shown["data"]["streams"].as_array().unwrap();
        let sales = streams.iter().find(|row| row["stream"] == "transactions").unwrap();
        assert_eq!(sales["quarantined"], 4, "{shown}");
        let summary = shown["summary"].to_string();
        assert!(summary.contains("4 records in quarantine, 3 of transactions"), "{summary}");
        let next = shown["next"][0]["command"].as_str().unwrap();
        assert_eq!(next, "shelfops quarantine list --tenant acme --rule totals-add-up");
        let page = shop.call(&format!("{command} {of}")).await.exits_with(code);
        assert!(
            page.stdout.contains("totals-add-up") && page.stdout.contains("reason 1"),
            "{page}"
        );
    }
}
