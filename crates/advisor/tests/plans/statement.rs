//! Findings about a statement as a whole.

use serde_json::{Value, json};
use shelfops_advisor::plans::findings::{Finding, look};
use shelfops_advisor::plans::{Facts, Plan, read_value};

use super::bench::bench;

/// A plan whose numbers no server would give at will.
fn plan(changes: Value) -> Plan {
    let mut whole = json!({
        "Plan": {
            "Node Type": "Seq Scan", "Relation Name": "t", "Schema": "public", "Alias": "t",
            "Startup Cost": 0.0, "Total Cost": 1000.0, "Plan Rows": 10, "Plan Width": 8,
            "Actual Startup Time": 0.1, "Actual Total Time": 90.0, "Actual Rows": 10, "Actual Loops": 1,
        },
        "Planning Time": 0.2,
        "Execution Time": 100.0,
    });
    for (name, value) in changes.as_object().unwrap() {
        match whole["Plan"].get(name) {
            Some(_) => whole["Plan"][name] = value.clone(),
            None if name.contains("Blocks") || name.contains("I/O") => {
                whole["Plan"][name] = value.clone();
            }
            None => whole[name] = value.clone(),
        }
    }
    read_value(json!([whole])).unwrap()
}

fn finding(plan: &Plan, rule: &str, usual_ms: Option<f64>) -> Option<Finding> {
    look(plan, &Facts::default(), usual_ms).into_iter().find(|it| it.rule == rule)
}

fn assert_only(rule: &str, bad: Value, good: Value) {
    assert!(finding(&plan(bad), rule, None).is_some(), "{rule} is silent");
    let said = finding(&plan(good), rule, None);
    assert!(said.is_none(), "{said:?}");
}

#[tokio::test]
async fn compiling_for_a_small_statement_is_found() {
    let bench = bench().await.with("set jit = on; set jit_above_cost = 1").await;
    let sql = "select count(*), sum(quantity), max(amount) from lines where quantity in (1, 2)";
    if bench.explained(sql, true).await.plan.jit.is_none() {
        // A server without the library that compiles.
        return;
    }
    bench.finds("jit-overhead", sql).await;
    let bench = bench.with("set jit = off").await;
    bench.is_silent("jit-overhead", sql).await;
}

#[test]
fn compiling_that_takes_a_small_part_is_well() {
    let jit = |total: f64| json!({ "JIT": { "Functions": 4, "Timing": { "Total": total } } });
    assert_only("jit-overhead", jit(30.0), jit(6.0));
}

#[test]
fn planning_that_takes_longer_than_executing_is_found() {
    assert_only(
        "planning-heavy",
        json!({ "Planning Time": 300.0 }),
        json!({ "Planning Time": 30.0 }),
    );
    assert_only(
        "planning-heavy",
        json!({ "Planning Time": 60.0 }),
        json!({ "Planning Time": 60.0, "Execution Time": 900.0 }),
    );
}

#[test]
fn triggers_that_take_the_time_are_found() {
    let trigger = |ms: f64| {
        json!({ "Triggers": [{
            "Trigger Name": "RI_ConstraintTrigger_c_1", "Constraint Name": "lines_store_id_fkey",
            "Relation": "stores", "Time": ms, "Calls": 50,
        }] })
    };
    assert_only("trigger-time", trigger(60.0), trigger(3.0));
    let said = finding(&plan(trigger(60.0)), "trigger-time", None).unwrap();
    assert_eq!(said.what, "lines_store_id_fkey took 60 ms");
}

#[test]
fn reading_that_takes_the_time_is_found() {
    let reading = |ms: f64| {
        json!({
            "Shared Hit Blocks": 10, "Shared Read Blocks": 20_000, "I/O Read Time": ms,
        })
    };
    assert_only("io-heavy", reading(80.0), reading(8.0));
}

#[test]
fn pages_that_nearly_all_come_from_outside_are_found_where_nobody_took_the_time() {
    let pages = |hit: u32| json!({ "Shared Hit Blocks": hit, "Shared Read Blocks": 20_000 });
    assert_only("io-heavy", pages(10), pages(10_000));
    let said = finding(&plan(pages(10)), "io-heavy", None).unwrap();
    assert_eq!(said.what, "20,000 pages were read from outside the server's cache");
    assert!(said.evidence[0].contains("track_io_timing is off"), "{:?}", said.evidence);
}

#[test]
fn what_is_slow_elsewhere_waits() {
    let here = plan(json!({}));
    assert!(finding(&here, "slower-outside", Some(5_000.0)).is_some());
    assert!(finding(&here, "slower-outside", Some(150.0)).is_none());
    assert!(finding(&here, "slower-outside", None).is_none());
}

#[tokio::test]
async fn workers_that_did_not_come_are_found() {
    let bench = bench()
        .await
        .with(
            "set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0;
             set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0;
             set max_parallel_workers = 0",
        )
        .await;
    let sql = "select count(*) from lines where quantity = 3";
    let finding = bench.finds("parallel-starved", sql).await;
    assert_eq!(finding.what, "0 of 2 workers came");
    let bench = bench.with("set max_parallel_workers_per_gather = 0").await;
    bench.is_silent("parallel-starved", sql).await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_found() {
    let bench = bench().await;
    let wide =
        "select lines.*, repeat('x', 1000)::varchar from lines cross join (values (1), (2), (3)) v";
    bench.finds("wide-result", wide).await;
    bench.is_silent("wide-result", "select line_id from lines").await;
}
