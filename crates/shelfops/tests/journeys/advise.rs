//! A slow question is advised on, proved on a copy, and mended by the migration that comes out.

use serde_json::Value;

use crate::fixture::{Shop, csv, sales, shop};

const GUIDE: &str = include_str!("../../../../docs/guides/slow-query.md");

/// A shop with enough sales for an index to be worth it.
async fn busy_shop() -> Shop {
    let shop = shop().await;
    shop.write("sales.csv", csv(&sales(1..=150_000)));
    shop.import_sales("sales.csv", &[]).await;
    let client = shop.database().connect().await.unwrap();
    // All of it: what is called transactions may be a view on the table.
    client.batch_execute("vacuum analyze").await.unwrap();
    // The guide asks for a receipt of the demonstration.
    ask(&shop, &fenced("sql").remove(0).replace("31198570013", "R1234"));
    shop
}

/// Writes the guide's questions into files, and the first of them into one of its own.
fn ask(shop: &Shop, slow: &str) {
    shop.write("slow.sql", slow);
    shop.write("receipt.sql", slow.split(";\n").next().unwrap());
}

/// Returns the guide's blocks of a kind.
fn fenced(kind: &str) -> Vec<String> {
    let fence = format!("```{kind}\n");
    GUIDE
        .split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .map(str::to_owned)
        .collect()
}

async fn advise(shop: &Shop, flags: &[&str]) -> Value {
    let whole = ["query", "advise"].iter().chain(flags).chain(&["--output", "json"]);
    shop.run(whole).await.succeeds().data()
}

#[tokio::test]
async fn a_slow_question_is_advised_proved_and_mended() {
    let shop = busy_shop().await;
    let flags = ["--file", "slow.sql", "--tenant", "acme", "--verify", "--runs", "2"];
    let found = advise(&shop, &flags).await;
    assert_eq!(found["tenant"], "acme");
    // On so few rows it may be no quicker, and is no advice then.
    assert_eq!(found["proof"]["rewrites"][0]["what"], "day-of-time", "{found}");
    let index = &found["advice"]["indexes"][0];
    let definition = index["definition"].as_str().unwrap_or_default();
    assert!(definition.contains("external_order_id"), "{found:#}");
    let proved = &found["proof"]["statements"][0];
    assert_eq!(proved["name"], "lines of a receipt");
    assert_eq!(proved["is_same"], true);
    assert_eq!(proved["after"]["rows"], 3);
    assert!(
        proved["after"]["pages"].as_f64().unwrap() < proved["before"]["pages"].as_f64().unwrap()
    );
    let rewrite = &found["proof"]["rewrites"][0];
    assert_eq!(rewrite["is_same"], true, "{rewrite}");
    let client = shop.database().connect().await.unwrap();
    // The migration is judged, applied statement by statement, and then there is nothing left to say.
    let up = found["migration"]["up"].as_str().unwrap();
    shop.write("20261201090000_index_receipts.up.sql", up);
    shop.write(
        "20261201090000_index_receipts.down.sql",
        found["migration"]["down"].as_str().unwrap(),
    );
    shop.run(["migrate", "lint", "20261201090000_index_receipts.up.sql"]).await.succeeds();
    for statement in up.split(";\n").filter(|it| !it.trim().is_empty()) {
        client.batch_execute(statement).await.unwrap();
    }
    let again = advise(&shop, &["--file", "receipt.sql", "--tenant", "acme"]).await;
    assert_eq!(again["advice"]["indexes"].as_array().unwrap().len(), 0, "{again}");
    assert!(again["proof"].is_null());
}

#[tokio::test]
async fn a_slow_statement_that_is_advised_on_is_settled_with_a_plan_that_nobody_applied() {
    let shop = busy_shop().await;
    let client = shop.database().connect().await.unwrap();
    let slow = "insert into shelfops_statistics.slow_statements
                    (statement_id, statement, state, max_ms, mean_ms, calls)
                values ('42', 'select external_id, product_id from transactions where external_order_id = $1',
                    'open', 5000, 5000, 3),
                    ('43', 'select external_id from transactions where lower(external_order_id) = $1',
                    'open', 5000, 5000, 3)";
    client.batch_execute(slow).await.unwrap();
    shop.run(["query", "advise", "--id", "42", "--plan"]).await.fails_with(2);
    // Without a value the statement cannot run: that is told, and nothing is called proved.
    let flags = ["--id", "43", "--tenant", "acme", "--verify", "--runs", "1", "--plan"];
    let untried = advise(&shop, &flags).await;
    assert!(untried["plan"].is_null(), "{untried:#}");
    let missing = untried["proof"]["not_measured"].to_string();
    assert!(missing.contains("no parameter $1): give values"), "{untried:#}");
    // What it is compared with has values, of the tenant that asks: with them it is measured, and that is told.
    let flags = ["--id", "42", "--tenant", "acme", "--verify", "--runs", "1"];
    let tried = advise(&shop, &flags).await;
    let asked = tried["advice"]["statements"][0]["values"].as_str().unwrap_or_default();
    assert!(asked.contains("external_order_id"), "{tried:#}");
    assert_eq!(tried["proof"]["statements"][0]["after"]["rows"], 3, "{tried:#}");
    let flags =
        ["--id", "42", "--param", "R1234", "--tenant", "acme", "--verify", "--runs", "1", "--plan"];
    let found = advise(&shop, &flags).await;
    let plan = found["plan"].as_i64().unwrap_or_else(|| panic!("{found:#}")).to_string();
    let shown = shop.run(["plan", "show", &plan, "--output", "json"]).await.succeeds().stdout;
    assert!(shown.contains("query-advice") && shown.contains("external_order_id"), "{shown}");
    let state =
        "select state, reason from shelfops_statistics.slow_statements where statement_id = '42'";
    let row = client.query_one(state, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "advised");
    assert!(row.get::<_, &str>(1).ends_with(&format!("plan {plan}")), "{}", row.get::<_, &str>(1));
    let made = "select count(*) from pg_indexes where indexdef like '%external_order_id%'
                and indexname like '%transactions_%external_order_id%'";
    let applied: i64 = client.query_one(made, &[]).await.unwrap().get(0);
    assert_eq!(applied, 0, "the advisor applies nothing");
}

#[tokio::test]
async fn advice_is_told_even_where_nothing_can_be_kept_of_it() {
    let shop = busy_shop().await;
    let client = shop.database().connect().await.unwrap();
    let refusing = "
        insert into shelfops_statistics.slow_statements
            (statement_id, statement, state, max_ms, mean_ms, calls)
        values ('42', 'select external_id, product_id from transactions where external_order_id = $1',
            'open', 5000, 5000, 3);
        create function refuse() returns trigger language plpgsql as $$ begin
            raise exception 'the shelf is full'; end $$;
        create trigger refuse before insert on shelfops.plans
            for each statement execute function refuse();
        create trigger refuse before update on shelfops_statistics.slow_statements
            for each statement execute function refuse()";
    client.batch_execute(refusing).await.unwrap();
    let flags =
        ["query", "advise", "--id", "42", "--param", "R1234", "--tenant", "acme", "--verify"];
    let more = ["--runs", "1", "--plan", "--output", "json"];
    let answer = shop.run(flags.iter().chain(&more)).await.succeeds();
    let found = answer.data();
    assert!(found["plan"].is_null() && !found["proof"].is_null(), "{found:#}");
    assert!(found["migration"]["up"].as_str().unwrap().contains("external_order_id"), "{found:#}");
    let risks = answer.json()["risks"].to_string();
    for said in ["no plan was made", "42 was not marked as advised", "the shelf is full"] {
        assert!(risks.contains(said), "{said}: {risks}");
    }
}

#[tokio::test]
async fn every_command_of_the_guide_runs_on_the_data_of_the_demonstration() {
    let shop = shop().await;
    shop.call("demo --once --lines 20000").await.succeeds();
    let client = shop.database().connect().await.unwrap();
    client.batch_execute("vacuum analyze").await.unwrap();
    ask(&shop, &fenced("sql").remove(0));
    shop.write(
        "postgresql.log",
        "2026-11-27 02:37:28.049 UTC [1] LOG:  duration: 1500.5 ms  statement: select 1\n",
    );
    let counts = "select exists (select from pg_extension where extname = 'pg_stat_statements')";
    let counts: bool = client.query_one(counts, &[]).await.unwrap().get(0);
    let weighs = "select exists (select from pg_available_extensions where name = 'hypopg')";
    let weighs: bool = client.query_one(weighs, &[]).await.unwrap().get(0);
    let commands: Vec<String> = fenced("sh")
        .iter()
        .flat_map(|block| block.lines())
        .filter_map(|line| line.strip_prefix("shelfops "))
        .map(str::to_owned)
        .collect();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        let is_advice = command.starts_with("query advise");
        let line = if is_advice { format!("{command} --output json") } else { command.clone() };
        let answer = shop.call(&line).await;
        let needs_counts = command.starts_with("query top") || command.contains("--workload");
        if needs_counts && !counts {
            // A server of somebody's own need not count; then it says how it would.
            let complaint = answer.fails_with(1);
            assert!(complaint.contains("pg_stat_statements"), "{command}: {complaint}");
            continue;
        }
        let answer = answer.succeeds();
        if command.starts_with("query explain") {
            // By the tenant's index, as rows, or out of compressed batches.
            let rules = ["index-inefficient", "seq-scan-discard", "chunk-decompressed"];
            let is_found = rules.iter().any(|rule| answer.stdout.contains(&format!("] {rule}: ")));
            assert!(is_found, "{command}: {answer}");
        }
        if !is_advice {
            continue;
        }
        let found = answer.data();
        let missing = &found["advice"]["what_if"]["missing"];
        assert_eq!(missing.is_null(), weighs, "{command}: {found:#}");
        if command.contains("--file") {
            let proposed = found["advice"]["indexes"].to_string();
            assert!(proposed.contains("external_order_id"), "{command}: {found:#}");
        }
        if command.ends_with("--plan") {
            assert!(found["plan"].is_i64(), "{found:#}");
            for half in ["up", "down"] {
                let text = found["migration"][half].as_str().unwrap();
                shop.write(&format!("20261201090000_index_receipts.{half}.sql"), text);
            }
        }
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_words() {
    let shop = shop().await;
    for (flags, said) in [
        (&["select 1; select 2", "--param", "3"][..], "several"),
        (&["select * from nowhere"], "no statement has a plan"),
        (&["select 1", "--budget", "much"], "no size"),
        (&["--file", "nothing.sql"], "cannot read statements"),
    ] {
        let whole = ["query", "advise"].iter().chain(flags);
        let complaint = shop.run(whole).await.fails_with(2);
        assert!(complaint.contains(said), "{flags:?}: {complaint}");
    }
    // Proving spoils where it proves, so that is never the place that is asked about.
    let own = shop.database_url();
    let same = ["query", "advise", "select * from stores", "--verify", "--scratch-url", &own];
    let complaint = shop.run(same).await.fails_with(2);
    assert!(complaint.contains("names the database that is advised on"), "{complaint}");
    // Without a tenant it says whose plans these are.
    let owners = shop.run(["query", "advise", "select * from stores"]).await.succeeds();
    assert!(owners.stderr.contains("tenants get other plans"), "{owners}");
}
