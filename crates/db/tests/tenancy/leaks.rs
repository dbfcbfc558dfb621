//! Functions and errors that tell what they see: they must not see another tenant's rows.

use super::attacker::{Attacker, Way};
use super::catalog::tenant_relations;
use super::retailers::{ALFA, BRAVO, on_every_engine};

/// Functions that remember what they were asked, so cheap that the planner would call them first.
const SPIES: &str = "
    create temporary table seen (value text);
    create function pg_temp.spy(value text) returns boolean language plpgsql volatile cost 0.0000001
        as $$ begin insert into pg_temp.seen values (value); return true; end $$;
    create function pg_temp.still_spy(value text) returns boolean language plpgsql stable strict
        parallel safe cost 0.0000001 as $$
        begin
            perform set_config('spy.seen', coalesce(current_setting('spy.seen', true), '') || value, false);
            return true;
        end $$;
    create function pg_temp.fixed_spy(value text) returns boolean language plpgsql immutable
        cost 0.0000001 as $$
        begin
            perform set_config('spy.seen', coalesce(current_setting('spy.seen', true), '') || value, false);
            return true;
        end $$;
    create function pg_temp.spy_eq(one text, other text) returns boolean language plpgsql stable
        cost 0.0000001 as $$
        begin
            perform set_config('spy.seen', coalesce(current_setting('spy.seen', true), '') || one, false);
            return true;
        end $$;
    create operator pg_temp.~=~ (leftarg = text, rightarg = text, function = pg_temp.spy_eq);";

const WHAT_WAS_SEEN: &str =
    "select coalesce(current_setting('spy.seen', true), ''); select value from pg_temp.seen";

#[tokio::test]
async fn functions_of_the_reader_never_see_anothers_rows() {
    on_every_engine(async |fixture| {
        let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        attacker.enter(ALFA).await;
        attacker.client.batch_execute(SPIES).await.unwrap();
        for planner in [
            "set local enable_seqscan = on",
            "set local enable_seqscan = off",
            "set local enable_indexscan = off; set local enable_bitmapscan = off",
            "set local enable_hashjoin = off; set local enable_mergejoin = off",
        ] {
            attacker.client.batch_execute(planner).await.unwrap();
            for relation in tenant_relations(attacker.witness()).await {
                let name = &relation.name;
                let column = relation.columns.last().unwrap();
                for spy in ["spy", "still_spy", "fixed_spy"] {
                    let sql = format!("select from {name} as it where pg_temp.{spy}(it::text)");
                    let watched = attacker.attempt(&format!("{sql}; {WHAT_WAS_SEEN}")).await.unwrap();
                    assert!(ALFA.trace_in(&watched.text).is_some(), "the spy sleeps: {sql}");
                }
                for sql in [
                    format!("select * from {name} as it where pg_temp.spy(it::text)"),
                    format!("select * from {name} as it where pg_temp.still_spy(it::text)"),
                    format!("select * from {name} as it where pg_temp.fixed_spy(it::text)"),
                    format!("select * from {name} as it where it::text operator(pg_temp.~=~) ''"),
                    format!("select * from {name} as it where pg_temp.spy({column}::text) or customer_id is null"),
                    format!("select * from {name} as it join {name} as other
                             on pg_temp.still_spy(it::text || other::text)"),
                    format!("select count(*) from {name} as it group by it having pg_temp.spy(it::text)"),
                    format!("select case when pg_temp.spy(it::text) then 1 end from {name} as it"),
                    format!("select * from {name} as it order by pg_temp.spy(it::text)"),
                    format!("select * from {name} as it where exists (
                             select from {name} as other where pg_temp.still_spy(other::text))"),
                    format!("update {name} as it set {column} = {column} where pg_temp.spy(it::text)"),
                    format!("delete from {name} as it where pg_temp.still_spy(it::text)"),
                ] {
                    // Only what a spy remembers counts here, whatever became of the statement.
                    let watched = format!("{sql}; {WHAT_WAS_SEEN}");
                    if let Ok(outcome) = attacker.attempt(&watched).await {
                        assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
                    }
                }
            }
        }
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn errors_tell_nothing_of_anothers_rows() {
    on_every_engine(async |fixture| {
        let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        attacker.enter(ALFA).await;
        let other = BRAVO.customer_id;
        let loud = attacker.attempt("select * from stores where name::integer = 1").await.unwrap_err();
        assert!(ALFA.trace_in(&loud.to_string()).is_some(), "errors tell values: {loud}");
        for relation in tenant_relations(attacker.witness()).await {
            let name = &relation.name;
            for column in &relation.columns {
                for sql in [
                    format!("select * from {name} where {column}::text::integer = 1"),
                    format!("select {column}::text::date from {name}"),
                    format!("select * from {name} where customer_id = '{other}' and {column}::text::integer = 1"),
                    format!("select 1 / (case when {column} is null then 1 else 0 end) from {name}
                             where customer_id = '{other}'"),
                    format!("update {name} set {column} = null where customer_id = '{other}'"),
                    format!("select {column}::text::xml from {name} where customer_id <> '{}'", ALFA.customer_id),
                ] {
                    // `attempt` reads the error.
                    let _ = attacker.attempt(&sql).await;
                }
            }
        }
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn what_others_do_is_not_shown_with_their_values() {
    on_every_engine(async |fixture| {
        let victim = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        victim.enter(BRAVO).await;
        // As the program speaks: values are parameters.
        let sql = "select name from stores where customer_id = $1::text::uuid and name = $2";
        let rows = victim.client.query(sql, &[&BRAVO.customer_id, &"bravo-secret"]).await.unwrap();
        assert_eq!(rows.len(), 1);
        let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        attacker.enter(ALFA).await;
        for sql in [
            "select * from pg_stat_activity",
            "select * from pg_locks",
            "select * from pg_prepared_statements",
            "select * from pg_cursors",
            "select * from pg_listening_channels()",
            "select * from pg_stat_user_tables",
            "select * from pg_statio_user_tables",
        ] {
            let outcome = attacker.attempt(sql).await.unwrap();
            assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
        }
        victim.rollback().await;
        attacker.rollback().await;
    })
    .await;
}
