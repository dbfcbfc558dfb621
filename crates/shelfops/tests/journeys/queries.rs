//! What statements cost: explained as whom, listed, muted, and never changed.

use serde_json::Value;

use crate::fixture::{Shop, csv, sales, shop};

async fn busy_shop() -> Shop {
    let shop = shop().await;
    shop.write("sales.csv", csv(&sales(1..=400)));
    shop.import_sales("sales.csv", &[]).await;
    shop
}

async fn explain(shop: &Shop, arguments: &[&str]) -> Value {
    let whole = ["query", "explain"].iter().chain(arguments).chain(&["--output", "json"]);
    shop.run(whole).await.succeeds().data()
}

#[tokio::test]
async fn a_tenants_plan_is_planned_and_run_as_the_tenant() {
    let shop = busy_shop().await;
    let other = "tenant add charly --currency USD --time-zone UTC";
    shop.call(other).await.succeeds();
    let sql = "select * from stores";
    let mine = explain(&shop, &[sql, "--tenant", "acme", "--analyze"]).await;
    assert_eq!(mine["tenant"], "acme");
    assert_eq!(mine["is_measured"], true);
    assert!(mine["raw"].to_string().contains("customer_id"), "{mine}");
    let rows = |plan: &Value| plan["raw"][0]["Plan"]["Actual Rows"].as_f64().unwrap();
    assert!(rows(&mine) > 0.0, "{mine}");
    let theirs = explain(&shop, &[sql, "--tenant", "charly", "--analyze"]).await;
    assert_eq!(rows(&theirs), 0.0, "{theirs}");
    // The owner's plan has no row security in it where the owner is a superuser, and that is said.
    let owners = shop.run(["query", "explain", sql]).await.succeeds();
    assert!(owners.stderr.contains("tenants get other plans"), "{owners}");
    assert!(owners.stdout.contains("estimated only"), "{owners}");
}

#[tokio::test]
async fn nothing_is_changed_by_explaining() {
    let shop = busy_shop().await;
    for (arguments, said) in [
        (&["select 1; delete from stores"][..], "more than one statement"),
        (&["delete from stores", "--analyze"], "changes data"),
        (&["select * from stores for update", "--analyze"], "locks rows"),
        (&["select set_config('transaction_read_only', 'off', true)", "--analyze"], "read-write"),
        (&["explain select 1"], "leave `explain` out"),
        (&["vacuum"], "cannot explain"),
        (&["select $1::int", "--analyze"], "1 parameters and 0 values"),
        (&[""], "there is no statement"),
    ] {
        for tenant in [&[][..], &["--tenant", "acme"]] {
            let whole = ["query", "explain"].iter().chain(arguments).chain(tenant);
            let complaint = shop.run(whole).await.fails_with(2);
            assert!(complaint.contains(said), "{arguments:?}: {complaint}");
        }
    }
    let client = shop.database().connect().await.unwrap();
    let left = client.query_one("select count(*) from stores", &[]).await.unwrap();
    assert!(left.get::<_, i64>(0) > 0);
}

#[tokio::test]
async fn a_plan_is_read_from_a_file_and_judged() {
    let shop = shop().await;
    shop.write(
        "plan.txt",
        "Sort  (cost=1.00..2.00 rows=9 width=8) (actual time=50.0..90.0 rows=9 loops=1)\n\
         \x20 Sort Key: a\n\x20 Sort Method: external merge  Disk: 9000kB\n\
         \x20 ->  Seq Scan on t  (cost=0.00..1.00 rows=9 width=8) (actual time=0.1..1.0 rows=9 loops=1)\n\
         Execution Time: 91.0 ms\n",
    );
    let answer = shop.call("query explain --plan plan.txt").await.succeeds();
    assert!(answer.stdout.contains("Sort [1] ◀ most"), "{answer}");
    assert!(answer.stdout.contains("[1] sort-spill: a sort takes 9,000 kB of disk"), "{answer}");
    assert!(answer.stderr.contains("91.0 ms; 1 finding"), "{answer}");
    shop.write("plan.txt", "this is no plan");
    let complaint = shop.call("query explain --plan plan.txt").await.fails_with(2);
    assert!(complaint.contains("there is no plan in it"), "{complaint}");
}

/// Whether the server counts statements; a server of somebody's own may not.
async fn counts(shop: &Shop) -> bool {
    let client = shop.database().connect().await.unwrap();
    let there = "select exists (select from pg_extension where extname = 'pg_stat_statements')";
    client.query_one(there, &[]).await.unwrap().get(0)
}

async fn top(shop: &Shop, flags: &str) -> Value {
    let line = format!("query top {flags} --output json");
    shop.call(line.trim()).await.succeeds().data()
}

fn slow<'v>(top: &'v Value, part: &str) -> Option<&'v Value> {
    let slow = top["slow"].as_array().unwrap();
    slow.iter().find(|row| row["statement"].as_str().unwrap().contains(part))
}

#[tokio::test]
async fn a_slow_statement_is_told_of_until_it_is_advised_fixed_or_muted() {
    let shop = shop().await;
    if !counts(&shop).await {
        let complaint = shop.call("query top").await.fails_with(1);
        assert!(complaint.contains("shared_preload_libraries"), "{complaint}");
        return;
    }
    let client = shop.database().connect().await.unwrap();
    client
        .batch_execute(
            "create table probe as select number from generate_series(1, 20000) as number;
             create index on probe (number); analyze probe;
             select count(*), pg_sleep(0.4) from probe where number::text = 'x'",
        )
        .await
        .unwrap();
    let first = top(&shop, "--threshold 0.3").await;
    let row = slow(&first, "from probe where").unwrap();
    assert_eq!(row["state"], "open");
    let id = row["id"].as_str().unwrap().to_owned();
    let listed = first["statements"].as_array().unwrap();
    assert!(listed.iter().any(|row| row["id"] == id.as_str()), "{first}");

    // Looked at with advice, then muted, which needs a reason, then opened again.
    let explained = explain(&shop, &["--id", &id]).await;
    assert_eq!(explained["is_generic"], true);
    assert_eq!(explained["findings"][0]["rule"], "column-hidden", "{explained}");
    assert_eq!(
        slow(&top(&shop, "--threshold 0.3").await, "from probe").unwrap()["state"],
        "advised"
    );
    shop.run(["query", "mute", &id]).await.fails_with(2);
    shop.run(["query", "mute", &id, "--reason", " "]).await.fails_with(2);
    shop.run(["query", "mute", &id, "--reason", "by night"]).await.succeeds();
    assert_eq!(slow(&top(&shop, "--threshold 0.3").await, "from probe"), None);
    let all = top(&shop, "--threshold 0.3 --all").await;
    assert_eq!(slow(&all, "from probe").unwrap()["reason"], "by night");
    shop.run(["query", "mute", &id, "--undo"]).await.succeeds();

    // It runs fast for a while: it has mended itself.
    for _ in 0..6 {
        let fast = "select count(*), pg_sleep(0.001) from probe where number::text = 'y'";
        client.query_one(fast, &[]).await.unwrap();
    }
    let mended = top(&shop, "--threshold 0.3 --all").await;
    assert_eq!(slow(&mended, "from probe").unwrap()["state"], "fixed", "{mended}");
    shop.run(["query", "mute", "4711", "--reason", "x"]).await.fails_with(5);
}

#[tokio::test]
async fn a_statement_that_became_slower_is_found_by_its_history() {
    let shop = shop().await;
    if !counts(&shop).await {
        return;
    }
    let client = shop.database().connect().await.unwrap();
    for _ in 0..6 {
        client.query_one("select pg_sleep(0.03), 'regressing'", &[]).await.unwrap();
    }
    let answer = shop.call("query top --by regressions").await.succeeds();
    assert!(answer.stderr.contains("nothing to compare with yet"), "{answer}");
    // A day ago it had run a hundred times, a tenth of a millisecond each.
    client
        .batch_execute(
            "with taken as (
                 insert into shelfops_statistics.snapshots (taken_at)
                 values (now() - interval '25 hours') returning snapshot_id
             )
             insert into shelfops_statistics.counters (snapshot_id, query_id, calls, total_ms)
             select distinct snapshot_id, queryid, 100, 10
             from taken, shelfops_statistics.pg_stat_statements
             where query like 'select pg_sleep%'
                 and dbid = (select oid from pg_database where datname = current_database())",
        )
        .await
        .unwrap();
    // Counted anew since then, as after a restart without its statistics.
    let found = top(&shop, "--by regressions").await;
    let row = &found["statements"][0];
    assert!(row["statement"].as_str().unwrap().starts_with("select pg_sleep"), "{found}");
    assert!(row["slower"].as_f64().unwrap() > 10.0, "{found}");
}

#[tokio::test]
async fn a_log_is_read_and_its_plans_are_judged() {
    let shop = shop().await;
    shop.write(
        "server.log",
        "2026-11-27 02:37:28.049 UTC [11573] LOG:  duration: 2080.258 ms  plan:\n\
         \tQuery Text: select * from t where note like '%y%'\n\
         \tSort  (cost=1.00..2.00 rows=9 width=8) (actual time=50.0..2000.0 rows=9 loops=1)\n\
         \t  Sort Method: external merge  Disk: 9000kB\n\
         2026-11-27 02:40:00.000 UTC [11600] LOG:  process 11600 still waiting for ShareLock on \
         transaction 4711 after 1000.123 ms\n",
    );
    let answer = shop.call("query top --log server.log").await.succeeds();
    assert!(answer.stderr.contains("a sort takes 9,000 kB of disk"), "{answer}");
    let top = top(&shop, "--log server.log").await;
    let row = slow(&top, "from t where note like ?").unwrap();
    assert!(row["id"].as_str().unwrap().starts_with("log-"), "{row}");
    assert_eq!(top["lock_waits"][0]["lock"], "ShareLock on transaction 4711");
    // What a log does not know is not told, and nothing is ranked by it.
    assert!(top["statements"][0]["read_pages"].is_null(), "{top}");
    shop.call("query top --log server.log --by io").await.fails_with(2);
    shop.write("server.log", "hello\n");
    shop.call("query top --log server.log").await.fails_with(2);
}

#[tokio::test]
async fn a_listed_statement_is_advised_on_with_how_often_it_ran() {
    let shop = shop().await;
    if !counts(&shop).await {
        return;
    }
    let client = shop.database().connect().await.unwrap();
    client
        .batch_execute(
            "create table kept as select '{\"a\": 1}'::jsonb as doc, 'a' as word
             from generate_series(1, 100)",
        )
        .await
        .unwrap();
    // No constant in it, and a `?` that is an operator.
    for _ in 0..7 {
        client.query_one("select count(*) from kept where doc ? word", &[]).await.unwrap();
    }
    let listed = top(&shop, "--threshold 0 --limit 200").await;
    let id = slow(&listed, "from kept where").unwrap()["id"].as_str().unwrap().to_owned();
    explain(&shop, &["--id", &id]).await;
    let advise = ["query", "advise", "--id", &id, "--output", "json"];
    let advised = shop.run(advise).await.succeeds().data();
    assert_eq!(advised["advice"]["statements"][0]["weight"], 7.0, "{advised:#}");
}

#[tokio::test]
async fn a_logs_statement_is_advised_on_with_the_values_that_the_log_has() {
    let shop = shop().await;
    shop.write(
        "server.log",
        "2026-11-27 02:37:28.049 UTC [11573] LOG:  duration: 2080.258 ms  statement: select name from stores \
         where name = 'Main Street'\n",
    );
    let listed = top(&shop, "--log server.log").await;
    let id = listed["slow"][0]["id"].as_str().unwrap().to_owned();
    let bare = shop.run(["query", "advise", "--id", &id]).await.fails_with(2);
    assert!(bare.contains("--log"), "{bare}");
    let with_log = [
        "query",
        "advise",
        "--id",
        &id,
        "--log",
        "server.log",
        "--tenant",
        "acme",
        "--output",
        "json",
    ];
    let advised = shop.run(with_log).await.succeeds().data();
    let statement = &advised["advice"]["statements"][0];
    assert_eq!(
        statement["values"],
        "the values of the slowest run in the log that has them (2080 ms)"
    );
    assert!(statement["sql"].as_str().unwrap().ends_with("'Main Street'"), "{statement}");
}

#[tokio::test]
async fn a_statement_that_a_later_log_knows_as_fast_is_fixed_and_an_older_one_says_nothing() {
    let shop = shop().await;
    let log = |day: &str, ms: [f64; 5]| {
        let line = |ms| {
            format!(
                "{day} 02:37:28.049 UTC [1] LOG:  duration: {ms} ms  statement: select 'probe'\n"
            )
        };
        ms.map(line).concat()
    };
    shop.write("slow.log", log("2026-11-27", [2_080.5, 3.0, 3.0, 3.0, 3.0]));
    // Whatever the clock says here, the one day is long gone and the other far away.
    shop.write("older.log", log("2001-01-01", [3.0; 5]));
    shop.write("later.log", log("2201-01-01", [3.0; 5]));
    let state = async |name: &str| {
        let listed = top(&shop, &format!("--log {name} --all")).await;
        slow(&listed, "select ?").unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state("slow.log").await, "open");
    assert_eq!(state("older.log").await, "open");
    assert_eq!(state("later.log").await, "fixed");
}
