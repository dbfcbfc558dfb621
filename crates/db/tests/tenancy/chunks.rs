//! Partitions in the making: filled without row security, so they are attacked by themselves.

use shelfops_db::Engine;

use super::attacker::{Attacker, Refusal, Way};
use super::retailers::{ALFA, BRAVO, Retailer, on_engine, on_every_engine};
use crate::fixture::Fixture;

/// A week that nobody has sold anything in.
const BEGIN: &str =
    "select shelfops.begin_chunk('transactions', '2026-05-04 00:00+00', '2026-05-11 00:00+00')";
const FINISH: &str = "select shelfops.finish_chunk('transactions', '2026-05-04 00:00+00', null)";
const ASIDE: &str = "timeseries_aside.transactions_p2026050400";
const LEAF: &str = "timeseries.transactions_p2026050400";

/// A line of a retailer's in that week.
fn line(retailer: Retailer, table: &str, external_id: &str) -> String {
    retailer.fill(&format!(
        "insert into {table} (customer_id, transaction_id, store_id, product_id, occurred_at,
             business_date, quantity, total_amount, currency, transaction_type, source, external_id)
         values ('{{c}}', gen_random_uuid(), '{{k}}-000000000001', '{{k}}-000000000002',
             '2026-05-05 10:00+00', '2026-05-05', 1, 2, 'EUR', 'sale', 'till', '{external_id}')"
    ))
}

async fn attacker(fixture: &Fixture) -> Attacker {
    Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await
}

async fn run(attacker: &Attacker, sql: &str) -> Result<(), Refusal> {
    attacker.client.batch_execute(sql).await.map_err(|error| Refusal::new(&error))
}

async fn assert_refused(attacker: &Attacker, sql: &str) {
    let refusal = attacker.attempt(sql).await.expect_err(sql);
    assert!(refusal.is_refusal(), "{sql}: {refusal}");
}

#[tokio::test]
async fn only_native_partitions_are_filled_aside() {
    on_every_engine(async |fixture| {
        let attacker = attacker(fixture).await;
        attacker.enter(ALFA).await;
        let begun = attacker.attempt(BEGIN).await.unwrap().text;
        let expected = if fixture.engine == Engine::Native { ASIDE } else { "" };
        assert_eq!(begun.trim(), expected);
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn a_chunk_in_the_making_takes_rows_of_its_maker_and_shows_none() {
    on_native(async |fixture| {
        let attacker = attacker(fixture).await;
        attacker.enter(ALFA).await;
        run(&attacker, BEGIN).await.unwrap();
        run(&attacker, &line(ALFA, ASIDE, "1")).await.unwrap();
        // A check, not a policy: COPY does not go together with policies.
        let foreign = line(BRAVO, ASIDE, "2");
        let refusal = attacker.attempt(&foreign).await.unwrap_err();
        assert_eq!(refusal.code.code(), "23514", "{refusal}");
        for sql in [
            format!("select * from {ASIDE}"),
            format!("{} returning *", line(ALFA, ASIDE, "3")),
            format!("update {ASIDE} set quantity = 2"),
            format!("delete from {ASIDE}"),
            format!("truncate {ASIDE}"),
            format!("alter table {ASIDE} drop constraint only_its_maker"),
            format!("drop table {ASIDE}"),
            format!("lock table {ASIDE} in access exclusive mode"),
            "create table timeseries_aside.own (customer_id uuid)".to_owned(),
            "select * from shelfops.chunks_in_the_making".to_owned(),
            "delete from shelfops.chunks_in_the_making".to_owned(),
            "alter table shelfops.chunks_in_the_making disable trigger all".to_owned(),
        ] {
            assert_refused(&attacker, &sql).await;
        }
        run(&attacker, FINISH).await.unwrap();
        for table in [ASIDE, LEAF] {
            let refusal = attacker.attempt(&line(ALFA, table, "4")).await.unwrap_err();
            let is_gone = refusal.code.code() == "42P01";
            assert!(refusal.is_refusal() || is_gone, "{table}: {refusal}");
        }
        let own = "select count(*) from transactions where occurred_at >= '2026-05-04'";
        assert_eq!(attacker.attempt(own).await.unwrap().text.trim(), "1");
        let rollup = "select sum(line_count) from daily_sales where business_date = '2026-05-05'";
        assert_eq!(attacker.attempt(rollup).await.unwrap().text.trim(), "1");
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn a_chunk_with_rows_that_refer_to_nothing_or_to_anothers_is_not_attached() {
    on_native(async |fixture| {
        let attacker = attacker(fixture).await;
        for (own, other) in [
            ("000000000001", "00000000dead"),
            ("000000000002", "00000000dead"),
            ("a0a0a0a0-0000-7000-8000-000000000001", "b0b0b0b0-0000-7000-8000-000000000001"),
            ("a0a0a0a0-0000-7000-8000-000000000002", "b0b0b0b0-0000-7000-8000-000000000002"),
        ] {
            attacker.enter(ALFA).await;
            run(&attacker, BEGIN).await.unwrap();
            run(&attacker, &line(ALFA, ASIDE, "1")).await.unwrap();
            run(&attacker, &line(ALFA, ASIDE, "2").replace(own, other)).await.unwrap();
            let refusal = run(&attacker, FINISH).await.unwrap_err();
            assert_eq!(refusal.code.code(), "23503", "{refusal}");
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_chunk_with_rows_of_another_week_or_the_same_key_twice_is_not_attached() {
    on_native(async |fixture| {
        let attacker = attacker(fixture).await;
        let elsewhere = line(ALFA, ASIDE, "2").replace("2026-05-05 10", "2026-06-05 10");
        for (second, code) in [(elsewhere, "23514"), (line(ALFA, ASIDE, "1"), "23505")] {
            attacker.enter(ALFA).await;
            run(&attacker, BEGIN).await.unwrap();
            run(&attacker, &line(ALFA, ASIDE, "1")).await.unwrap();
            run(&attacker, &second).await.unwrap();
            let refusal = run(&attacker, FINISH).await.unwrap_err();
            assert_eq!(refusal.code.code(), code, "{refusal}");
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_chunk_that_is_begun_is_finished_in_the_same_transaction_or_not_at_all() {
    on_native(async |fixture| {
        let attacker = attacker(fixture).await;
        attacker.enter(ALFA).await;
        run(&attacker, BEGIN).await.unwrap();
        run(&attacker, &line(ALFA, ASIDE, "1")).await.unwrap();
        let refusal = run(&attacker, "commit").await.unwrap_err();
        assert!(refusal.to_string().contains("was begun and not finished"), "{refusal}");

        attacker.enter(ALFA).await;
        run(&attacker, BEGIN).await.unwrap();
        let early = run(&attacker, "set constraints all immediate").await;
        assert!(early.is_err());
        attacker.rollback().await;

        let client = fixture.superuser().await;
        let left =
            "select count(*) from pg_class where relnamespace = 'timeseries_aside'::regnamespace";
        assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
        // Nothing that was not begun can be finished: neither what is attached nor what never was.
        for moment in ["2026-05-04", "2026-03-02", "2026-01-05", "1990-01-01", "infinity"] {
            attacker.enter(ALFA).await;
            for call in [
                format!("select shelfops.finish_chunk('transactions', '{moment}', null)"),
                format!("select shelfops.prepare_chunk('transactions', '{moment}', null, null)"),
            ] {
                attacker.attempt(&call).await.expect_err(&call);
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn chunks_in_the_making_are_nobody_elses() {
    on_native(async |fixture| {
        let maker = attacker(fixture).await;
        maker.enter(ALFA).await;
        run(&maker, BEGIN).await.unwrap();
        run(&maker, &line(ALFA, ASIDE, "1")).await.unwrap();
        let other = attacker(fixture).await;
        other.enter(BRAVO).await;
        assert_eq!(read(&other, BEGIN).await, "", "the week is being made by somebody else");
        let prepare = FINISH.replace("finish_chunk", "prepare_chunk").replace("null", "null, null");
        let show = format!("select * from {ASIDE}");
        for sql in [FINISH.to_owned(), prepare, line(BRAVO, ASIDE, "1"), show] {
            let outcome = other.client.batch_execute(&format!("savepoint it; {sql}")).await;
            assert!(outcome.is_err(), "{sql}");
            run(&other, "rollback to it").await.unwrap();
        }
        other.rollback().await;
        run(&maker, FINISH).await.unwrap();
        run(&maker, "commit").await.unwrap();
        other.enter(BRAVO).await;
        assert_eq!(
            read(&other, "select count(*) from transactions where occurred_at >= '2026-05-04'")
                .await,
            "0"
        );
        assert_eq!(read(&other, BEGIN).await, "", "the week is there");
        other.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn names_and_ranges_that_are_none_begin_nothing() {
    on_native(async |fixture| {
        let attacker = attacker(fixture).await;
        attacker.enter(ALFA).await;
        for name in
            ["stores", "customers", "public.transactions", "x\"; drop table stores; --", "", "%I"]
        {
            for call in [
                format!("select shelfops.begin_chunk('{name}', '2026-05-04', '2026-05-11')"),
                format!("select shelfops.finish_chunk('{name}', '2026-05-04', null)"),
                format!("select shelfops.prepare_chunk('{name}', '2026-05-04', null, null)"),
                format!("select shelfops.missing_chunks('{name}', array[now()])"),
            ] {
                attacker.attempt(&call).await.expect_err(&call);
            }
        }
        for range in [
            "'2026-05-05', '2026-05-12'",
            "'2026-05-04', '2026-06-04'",
            "'2026-05-04', null",
            "null, null",
            "'-infinity', 'infinity'",
            "'1990-01-01', '1990-01-08'",
            "'9999-01-04', '9999-01-11'",
        ] {
            let call = format!("select shelfops.begin_chunk('transactions', {range})");
            if let Ok(outcome) = attacker.attempt(&call).await {
                assert_eq!(outcome.text.trim(), "", "{call}");
            }
        }
        attacker.rollback().await;
        attacker.begin().await;
        assert_refused(&attacker, BEGIN).await;
        attacker.rollback().await;
    })
    .await;
}

async fn read(attacker: &Attacker, sql: &str) -> String {
    let messages = attacker.client.simple_query(sql).await.unwrap();
    super::attacker::collect(&messages).text.trim().to_owned()
}

async fn on_native(test: impl AsyncFn(&Fixture)) {
    on_engine(Engine::Native, test).await;
}
