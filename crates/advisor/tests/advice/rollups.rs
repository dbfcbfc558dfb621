//! Rollups: advised where the house's rules allow, with a query that says the same.

use shelfops_advisor::advice::{Advice, Request, Statement};
use shelfops_advisor::proof::compare;

use super::bench::{Bench, asked, bench, request};

const DAILY: &str = "
    select sold_at::date as day, count(*) as lines, sum(amount) as total, avg(quantity) as quantity,
        sum(amount) filter (where state = 'open') as open_total
    from lines
    where store_id = 17 and sold_at >= '2026-01-05' and sold_at < '2026-02-05'
    group by 1
    order by day";

fn often(sql: &str) -> Request {
    let statement = Statement { calls: Some(500.0), mean_ms: Some(5_000.0), ..asked(sql) };
    Request { may_be_old: true, counted_seconds: Some(86_400.0), ..request(vec![statement]) }
}

async fn advised(bench: &Bench, request: Request) -> Advice {
    bench.advice(request).await
}

#[tokio::test]
async fn a_slow_frequent_grouping_that_may_be_old_gets_a_rollup_that_says_the_same() {
    let bench = bench().await;
    let advice = advised(&bench, often(DAILY)).await;
    let rollup = advice.rollups.first().unwrap_or_else(|| panic!("{:#?}", advice.rejected));
    let why = rollup.why.join("\n");
    for rule in [
        "rollup-over-a-second",
        "rollup-frequent",
        "rollup-may-be-an-hour-old",
        "rollup-is-smaller",
    ] {
        assert!(why.contains(rule), "{rule}: {why}");
    }
    bench.client.batch_execute(&rollup.statements.join("\n")).await.unwrap();
    bench.client.batch_execute(&rollup.refresh).await.unwrap();
    let compared = compare(&bench.client, &bench.copy(), (&asked(DAILY), &asked(&rollup.query)))
        .await
        .unwrap();
    assert_eq!(compared.is_same, Some(true), "{compared:#?}\n{}", rollup.query);
    assert_eq!(compared.before.rows, Some(31));
    bench.client.batch_execute(&rollup.undo).await.unwrap();
}

#[tokio::test]
async fn a_rollup_that_a_rule_of_the_house_speaks_against_is_refused_with_its_reason() {
    let bench = bench().await;
    let cases: [(Request, &str); 4] = [
        (Request { may_be_old: false, ..often(DAILY) }, "rollup-may-be-an-hour-old"),
        (
            Request {
                statements: vec![Statement {
                    mean_ms: Some(20.0),
                    ..often(DAILY).statements.remove(0)
                }],
                ..often(DAILY)
            },
            "rollup-over-a-second",
        ),
        (
            often("select sold_at::date, count(distinct product_id) from lines group by 1"),
            "rollup-says-the-same",
        ),
        (often("select line_id, sum(amount) from lines group by line_id"), "rollup-is-smaller"),
    ];
    for (request, rule) in cases {
        let advice = advised(&bench, request).await;
        assert!(advice.rollups.is_empty());
        assert!(advice.rejected.iter().any(|it| it.rule == rule), "{rule}: {:#?}", advice.rejected);
    }
}
