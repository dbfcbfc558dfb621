//! What is explained, what is refused, and what is left behind: nothing.

use std::time::Duration;

use shelfops_advisor::plans::{ExplainError, ExplainRequest, explain, explain_within};

use super::bench::{Bench, bench, request};

async fn refusal(bench: &Bench, sql: &str, analyze: bool) -> ExplainError {
    explain(&bench.client, &request(sql, analyze)).await.unwrap_err()
}

async fn line_count(bench: &Bench) -> i64 {
    bench.client.query_one("select count(*) from lines", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_second_statement_never_runs() {
    let bench = bench().await;
    for sql in [
        "select 1; drop table lines",
        "select 1; commit; drop table lines",
        "select 1 /* ; */ ; delete from lines",
    ] {
        for analyze in [false, true] {
            let error = refusal(&bench, sql, analyze).await;
            assert!(matches!(error, ExplainError::ManyStatements), "{sql}: {error}");
        }
    }
    assert_eq!(line_count(&bench).await, 50_000);
}

#[tokio::test]
async fn what_changes_data_is_planned_and_never_run() {
    let bench = bench().await;
    for sql in [
        "delete from lines",
        "update lines set quantity = 1",
        "insert into stores values (9999, 'x', 'y')",
        "with gone as (delete from lines returning *) select count(*) from gone",
        "select * from lines for update",
    ] {
        assert!(!bench.explained(sql, false).await.plan.is_measured());
        let error = refusal(&bench, sql, true).await;
        assert!(matches!(error, ExplainError::WouldChange(_)), "{sql}: {error}");
    }
    assert_eq!(line_count(&bench).await, 50_000);
}

#[tokio::test]
async fn a_function_cannot_write_either() {
    let bench = bench()
        .await
        .with(
            "create function sneak() returns integer language sql as
             'delete from tags returning line_id'",
        )
        .await;
    let error = refusal(&bench, "select sneak()", true).await;
    assert!(error.to_string().contains("read-only transaction"), "{error}");
    let error =
        refusal(&bench, "select set_config('transaction_read_only', 'off', true)", true).await;
    assert!(error.to_string().contains("read-write mode"), "{error}");
}

#[tokio::test]
async fn what_has_no_plan_is_refused_with_a_reason() {
    let bench = bench().await;
    assert!(matches!(
        refusal(&bench, "vacuum lines", false).await,
        ExplainError::NotExplainable(_)
    ));
    assert!(matches!(refusal(&bench, "explain select 1", false).await, ExplainError::IsExplain));
    assert!(matches!(
        refusal(&bench, " -- nothing\n", false).await,
        ExplainError::Empty | ExplainError::Refused(_) | ExplainError::NotExplainable(_)
    ));
    let error = refusal(&bench, "select * from nowhere", true).await;
    assert!(error.to_string().contains("\"nowhere\" does not exist"), "{error}");
}

#[tokio::test]
async fn parameters_are_planned_with_their_values_or_for_all_alike() {
    let bench = bench().await;
    let sql = "select * from lines where product_id = $1 and note <> $2";
    let generic = bench.explained(sql, false).await;
    assert!(generic.is_generic);
    let filter = generic.plan.nodes[0].conditions.filter.clone().unwrap();
    assert!(filter.contains("$1"), "{filter}");

    let with = |parameters: &[&str], analyze| ExplainRequest {
        parameters: parameters.iter().map(|it| (*it).to_owned()).collect(),
        ..request(sql, analyze)
    };
    let custom = explain(&bench.client, &with(&["17", "it's \\"], true)).await.unwrap();
    let filter = custom.plan.nodes[0].conditions.filter.clone().unwrap();
    assert!(filter.contains("= 17") && filter.contains("it''s"), "{filter}");
    assert!(custom.plan.is_measured() && !custom.is_generic);

    for (parameters, analyze) in [(&["17"][..], false), (&[][..], true)] {
        let error = explain(&bench.client, &with(parameters, analyze)).await.unwrap_err();
        assert!(matches!(error, ExplainError::WrongParameters { wanted: 2, .. }), "{error}");
    }
    let error = explain(&bench.client, &with(&["no number", "x"], false)).await.unwrap_err();
    assert!(error.to_string().contains("invalid input syntax"), "{error}");
    // What was prepared is gone, after success and after failure.
    assert!(explain(&bench.client, &with(&["17", "x"], false)).await.is_ok());
    let left =
        bench.client.query_one("select count(*) from pg_prepared_statements", &[]).await.unwrap();
    assert_eq!(left.get::<_, i64>(0), 1, "only the one that asks");
}

#[tokio::test]
async fn the_time_box_leaves_the_estimated_plan() {
    let bench = bench().await;
    let request = ExplainRequest {
        timeout: Duration::from_secs(2),
        ..request("select count(*) from lines a, lines b where a.quantity <> b.quantity", true)
    };
    let explained = explain(&bench.client, &request).await.unwrap();
    assert!(explained.timed_out && !explained.plan.is_measured());
    assert!(explained.plan.total_cost() > 1_000_000.0);
}

#[tokio::test]
async fn a_table_that_somebody_locks_is_said_to_be_locked() {
    let bench = bench().await;
    let other = bench._database.connect().await.unwrap();
    other.batch_execute("begin; lock table lines in access exclusive mode").await.unwrap();
    let request =
        ExplainRequest { timeout: Duration::from_secs(2), ..request("select * from lines", false) };
    let error = explain(&bench.client, &request).await.unwrap_err();
    assert!(matches!(error, ExplainError::Locked { .. }), "{error}");
    other.batch_execute("rollback").await.unwrap();
    assert!(explain(&bench.client, &request).await.is_ok());
}

#[tokio::test]
async fn a_transaction_that_is_open_goes_on() {
    let bench = bench().await;
    bench.client.batch_execute("begin").await.unwrap();
    let request = request("select * from lines where line_id = 5", true);
    explain_within(&bench.client, &request).await.unwrap();
    let refused = request_of_change();
    explain_within(&bench.client, &refused).await.unwrap_err();
    assert_eq!(line_count(&bench).await, 50_000);
    let written = bench.client.batch_execute("delete from lines").await.unwrap_err();
    assert!(written.as_db_error().unwrap().message().contains("read-only transaction"));
}

fn request_of_change() -> ExplainRequest {
    request("delete from lines", true)
}
