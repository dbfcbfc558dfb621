//! Statements that were counted without their values are asked with some that are known.

use shelfops_advisor::advice::{Sources, Statement, Supplied, supply};
use shelfops_advisor::workload::{LogReading, read_log};

use super::bench::{Bench, asked, bench, request};

async fn supplied(bench: &Bench, statement: Statement, sources: Sources<'_>) -> Supplied {
    bench.client.batch_execute("begin").await.unwrap();
    let supplied = supply(&bench.client, vec![statement], sources).await.unwrap();
    bench.client.batch_execute("rollback").await.unwrap();
    supplied
}

fn told(statement: &Statement) -> &str {
    statement.found.as_ref().map_or("nothing", |found| &found.told)
}

fn log(text: &str) -> LogReading {
    read_log(text.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_counted_statement_is_measured_with_common_values_and_with_rare_ones() {
    let bench = bench().await;
    let counted = Statement {
        calls: Some(100.0),
        rows: Some(2.4),
        ..asked("select line_id, note from lines where product_id = $1 and state = $2 limit $3")
    };
    let supplied = supplied(&bench, counted, Sources::default()).await;
    let [common, rare] = supplied.statements.as_slice() else { panic!("{supplied:#?}") };
    assert_eq!(
        (common.name.as_str(), rare.name.as_str()),
        ("it, common values", "it, rare values")
    );
    assert_eq!([&common.parameters[1], &rare.parameters[1]], ["done", "open"]);
    assert_eq!(common.parameters[2], "3", "{common:#?}");
    assert!(
        told(common)
            .contains("$2 = done (the most common value by statistics of public.lines.state)"),
        "{common:#?}"
    );
    let (advice, proof) = bench.proved(request(supplied.statements)).await;
    for (place, statement) in proof.statements.iter().enumerate() {
        assert!(statement.before.median_ms.is_some(), "{statement:#?}");
        assert_eq!(advice.statements[place].weight, 50.0);
        assert!(advice.statements[place].values.is_some());
    }
    // The next time it is asked with other values: no index may have these.
    let found: Vec<&str> = advice.indexes.iter().map(|it| it.definition.as_str()).collect();
    assert!(!found.is_empty() && found.iter().all(|it| !it.contains("where")), "{found:?}");
}

#[tokio::test]
async fn values_of_the_slowest_run_in_a_log_come_before_those_of_statistics() {
    let bench = bench().await;
    let log = log(
        "LOG:  duration: 12.5 ms  statement: SELECT line_id, note FROM lines WHERE product_id = 41\n\
         LOG:  duration: 99.5 ms  statement: SELECT line_id, note FROM lines WHERE product_id = 42\n",
    );
    let counted = || asked("select line_id, note from lines where product_id = $1");
    let sources = Sources { log: Some(&log), ..Sources::default() };
    let supplied = supplied(&bench, counted(), sources).await;
    let [statement] = supplied.statements.as_slice() else { panic!("{supplied:#?}") };
    assert_eq!(told(statement), "$1 = 42, as in the slowest run in the log that has them (100 ms)");
    let (advice, proof) = bench.proved(request(supplied.statements)).await;
    assert_eq!(advice.indexes[0].definition, "public.lines (product_id)");
    assert_eq!(proof.statements[0].after.rows, Some(24));
}

#[tokio::test]
async fn what_has_no_value_is_said_and_stays_as_it_is() {
    let bench = bench().await;
    for sql in [
        "select * from lines where lower(note) = $1",
        "select * from lines where product_id = 3 limit $1",
        "select * from lines where sold_at >= now() - $1::interval",
    ] {
        let supplied = supplied(&bench, asked(sql), Sources::default()).await;
        let [statement] = supplied.statements.as_slice() else { panic!("{supplied:#?}") };
        assert!(statement.parameters.is_empty() && statement.found.is_none(), "{statement:#?}");
        assert!(supplied.missing[0].contains("no value is known for $1"), "{supplied:#?}");
    }
    // What the server does not understand is another's matter.
    for sql in ["select * from nowhere where a = $1", "select from where $1 +"] {
        let supplied = supplied(&bench, asked(sql), Sources::default()).await;
        assert!(supplied.statements[0].parameters.is_empty(), "{supplied:#?}");
    }
}

#[tokio::test]
async fn parts_of_a_table_that_no_unknown_value_would_reach_are_read() {
    let bench = bench().await;
    let sql =
        "select note from visits where seen_at >= $1 and seen_at < $2 and store_id = any ($3)";
    let supplied = supplied(&bench, asked(sql), Sources::default()).await;
    let [common, rare] = supplied.statements.as_slice() else { panic!("{supplied:#?}") };
    for statement in [common, rare] {
        assert!(statement.parameters[0] < statement.parameters[1], "{statement:#?}");
        assert!(statement.parameters[2].starts_with("{\""), "{statement:#?}");
    }
    let advice = bench.advice(request(supplied.statements)).await;
    let found: Vec<&str> = advice.indexes.iter().map(|it| it.definition.as_str()).collect();
    assert!(found.iter().any(|it| it.starts_with("public.visits (")), "{found:?}: {advice:#?}");
}

#[tokio::test]
async fn a_plans_own_numbers_are_not_taken_for_parameters() {
    let bench = bench().await;
    let sql = "select count(*) from lines
               where store_id > (select min(store_id) from stores)
                   and quantity < (select max(store_id) from stores) and product_id = $1";
    let supplied = supplied(&bench, asked(sql), Sources::default()).await;
    assert!(supplied.missing.is_empty(), "{supplied:#?}");
    assert!(told(&supplied.statements[0]).contains("of public.lines.product_id"), "{supplied:#?}");
}

#[tokio::test]
async fn whoever_asks_is_asked_for_with_values_of_rows_that_are_seen() {
    let bench = bench().await;
    let sources = Sources { own: Some(("store_id", "17")), ..Sources::default() };
    let sql = "select line_id from lines where store_id = $1 and product_id = $2";
    let supplied = supplied(&bench, asked(sql), sources).await;
    assert!(told(&supplied.statements[0]).starts_with("$1 = 17 (whoever asks"), "{supplied:#?}");
    let (_, proof) = bench.proved(request(supplied.statements)).await;
    for statement in &proof.statements {
        assert!(statement.before.rows > Some(0), "{statement:#?}");
    }
    assert!(
        !proof.not_measured.iter().any(|it| it.contains("no rows")),
        "{:#?}",
        proof.not_measured
    );
}

#[tokio::test]
async fn values_with_which_nothing_is_found_are_said_to_say_little() {
    let bench = bench().await;
    let log =
        log("LOG:  duration: 12.5 ms  statement: select * from lines where product_id = -42\n");
    let sources = Sources { log: Some(&log), ..Sources::default() };
    let counted = asked("select * from lines where product_id = $1");
    let supplied = supplied(&bench, counted, sources).await;
    assert_eq!(supplied.statements[0].parameters, ["-42"]);
    let (_, proof) = bench.proved(request(supplied.statements)).await;
    assert!(
        proof.not_measured.iter().any(|it| it.contains("no rows")),
        "{:#?}",
        proof.not_measured
    );
}
