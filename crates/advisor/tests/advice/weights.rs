//! What was measured decides what is chosen: by how long statements take, and by what makes them slower.

use std::collections::BTreeSet;
use std::time::Duration;

use shelfops_advisor::advice::{Advice, Advisor};

use super::bench::{asked, bench, request};

const BY_PRODUCT: &str = "select * from lines where product_id = 42";
const BY_AMOUNT: &str = "select * from lines where amount = 5.05";

fn definitions(advice: &Advice) -> Vec<&str> {
    advice.indexes.iter().map(|it| it.definition.as_str()).collect()
}

#[tokio::test]
async fn with_room_for_one_the_statement_that_takes_longest_gets_its_index() {
    let bench = bench().await;
    bench.client.batch_execute("begin").await.unwrap();
    let mut narrow = request(vec![asked(BY_PRODUCT), asked(BY_AMOUNT)]);
    narrow.budget_bytes = Some(3 << 20);
    let mut advisor = Advisor::begin(&bench.client, narrow).await.unwrap();
    // To the planner both cost the same.
    advisor.weigh(&[Some(50_000.0), Some(50.0)]);
    let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
    assert_eq!(definitions(&advice), ["public.lines (product_id)"]);
    advisor.weigh(&[Some(50.0), Some(50_000.0)]);
    let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
    assert_eq!(definitions(&advice), ["public.lines (amount)"], "{:#?}", advice.rejected);
    advisor.end().await.unwrap();
}

#[tokio::test]
async fn what_makes_one_statement_slower_is_chosen_only_where_others_gain_far_more() {
    let bench = bench().await;
    bench.client.batch_execute("begin").await.unwrap();
    let other = "select * from lines where product_id = 43 and quantity = 2";
    let statements = vec![asked(BY_PRODUCT), asked(other)];
    let mut advisor = Advisor::begin(&bench.client, request(statements)).await.unwrap();
    advisor.weigh(&[Some(100.0), Some(100.0)]);
    let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
    assert_eq!(definitions(&advice), ["public.lines (product_id)"]);
    let index = advice.indexes[0].index.clone();
    advisor.observe(0, std::iter::once(&index), 150.0);
    assert!(advisor.endanger(0, &index, 50.0));
    assert!(!advisor.endanger(0, &index, 50.0), "it is known");
    // Neither this one nor another that begins with the same column.
    let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
    let begins = |it: &&str| it.starts_with("public.lines (product_id");
    assert!(!definitions(&advice).iter().any(begins), "{:#?}", advice.indexes);
    // Where the other one takes long enough, it is worth it.
    advisor.weigh(&[Some(100.0), Some(60_000.0)]);
    let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
    assert!(definitions(&advice).iter().any(begins), "{:#?}", advice.indexes);
    advisor.end().await.unwrap();
}

#[tokio::test]
async fn an_index_is_advised_even_where_there_is_no_time_to_weigh_it() {
    let bench = bench().await;
    let mut hasty = request(vec![asked(BY_PRODUCT), asked(BY_AMOUNT)]);
    hasty.time = Duration::ZERO;
    let advice = bench.advice(hasty).await;
    assert!(advice.is_cut_short);
    assert!(definitions(&advice).contains(&"public.lines (product_id)"), "{:#?}", advice.rejected);
}

#[tokio::test]
async fn when_time_is_over_nothing_more_is_asked_and_that_is_said() {
    // Planning asks the function, so that each plan takes a third of a second to make.
    let bench = bench()
        .await
        .with(
            "create function product(place integer) returns integer immutable language plpgsql as $$ begin
                 perform pg_sleep(0.3); return place; end $$",
        )
        .await;
    let one =
        |place: usize| asked(&format!("select * from lines where product_id = product({place})"));
    let mut hasty = request((1..=8).map(one).collect());
    hasty.time = Duration::ZERO;
    let advice = bench.advice(hasty).await;
    assert!(advice.is_cut_short);
    assert!(advice.what_if.calls < 8, "{} calls", advice.what_if.calls);
    assert!(advice.statements.iter().all(|it| it.cost_before > 300.0), "{:#?}", advice.statements);
}
