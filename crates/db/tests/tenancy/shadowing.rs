//! Temporary objects that stand in the way of names used by policies, views and functions.

use super::attacker::{Attacker, Way};
use super::catalog::tenant_relations;
use super::retailers::{ALFA, BRAVO, on_every_engine};

/// Whatever names the schema's own code uses, taken by the attacker, and looked for first.
const SHADOWS: &str = "
    create function pg_temp.current_setting(text, boolean) returns text
        language sql immutable as $$ select 'b0b0b0b0-0000-7000-8000-000000000000' $$;
    create function pg_temp.current_customer_id() returns uuid
        language sql immutable as $$ select 'b0b0b0b0-0000-7000-8000-000000000000'::uuid $$;
    create function pg_temp.sha256(bytea) returns bytea language sql immutable as $$ select $1 $$;
    create function pg_temp.encode(bytea, text) returns text language sql immutable as $$ select '' $$;
    create function pg_temp.format(text, text) returns text
        language sql immutable as $$ select 'select null' $$;
    create function pg_temp.uuid_eq(uuid, uuid) returns boolean
        language sql immutable as $$ select true $$;
    create operator pg_temp.= (leftarg = uuid, rightarg = uuid, function = pg_temp.uuid_eq);
    create type pg_temp.uuid as (id text);
    create temporary table tenant_signing_key (is_only boolean, inner_key bytea, outer_key bytea);
    insert into tenant_signing_key values (true, '', '');
    create temporary table timeseries_tables (table_name text, chunk_interval interval);
    create temporary table stores (customer_id pg_catalog.uuid, store_id pg_catalog.uuid);
    create temporary table products (customer_id pg_catalog.uuid, product_id pg_catalog.uuid);
    create temporary table new_rows (customer_id pg_catalog.uuid, store_id pg_catalog.uuid, product_id pg_catalog.uuid);
    create temporary table old_rows (customer_id pg_catalog.uuid, store_id pg_catalog.uuid, product_id pg_catalog.uuid);
    create temporary table named (customer_id pg_catalog.uuid, store_id pg_catalog.uuid, product_id pg_catalog.uuid);
    create temporary table held (customer_id pg_catalog.uuid, store_id pg_catalog.uuid, product_id pg_catalog.uuid);
    insert into stores values ('a0a0a0a0-0000-7000-8000-000000000000', 'a0a0a0a0-0000-7000-8000-00000000dead');
    insert into held select customer_id, store_id from stores;
    set local search_path = pg_temp, public, pg_catalog;";

async fn shadowed(fixture: &crate::fixture::Fixture) -> Attacker {
    let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
    attacker.enter(ALFA).await;
    attacker.client.batch_execute(SHADOWS).await.unwrap();
    attacker
}

#[tokio::test]
async fn policies_and_views_mean_what_they_meant_when_they_were_made() {
    on_every_engine(async |fixture| {
        let attacker = shadowed(fixture).await;
        for relation in tenant_relations(attacker.witness()).await {
            let sql = format!("select * from {}", relation.name);
            let outcome = attacker.attempt(&sql).await.unwrap();
            assert!(outcome.rows > 0, "{sql}");
            assert_eq!(BRAVO.trace_in(&outcome.text), None, "{sql}");
        }
        let sql = "select shelfops.current_customer_id()";
        assert_eq!(attacker.attempt(sql).await.unwrap().text.trim(), ALFA.customer_id);
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn references_are_looked_up_where_they_are() {
    on_every_engine(async |fixture| {
        let attacker = shadowed(fixture).await;
        for sql in [
            "update public.transactions set store_id = 'a0a0a0a0-0000-7000-8000-00000000dead'",
            "update public.inventory_levels set store_id = 'a0a0a0a0-0000-7000-8000-00000000dead'",
        ] {
            let refusal = attacker.attempt(sql).await.expect_err(sql);
            assert_eq!(refusal.code.code(), "23503", "{sql}: {refusal}");
        }
        // What triggers keep is written where it belongs, although the names are taken.
        let sql = "delete from public.transactions; select sum(line_count) from public.daily_sales;
                   select count(*) from pg_temp.old_rows";
        if fixture.engine != shelfops_db::Engine::Timescale {
            let sums = attacker.attempt(sql).await.unwrap().text;
            assert_eq!(sums.split_whitespace().collect::<Vec<_>>(), ["0"], "{sums}");
        }
        let sql = "delete from public.stores";
        let refusal = attacker.attempt(sql).await.expect_err(sql);
        assert_eq!(refusal.code.code(), "23503", "{sql}: {refusal}");
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn functions_of_the_owner_find_their_own_tables() {
    on_every_engine(async |fixture| {
        let attacker = shadowed(fixture).await;
        let sql = "select shelfops.ensure_chunks('stores', array['2027-03-01'::timestamptz])";
        let made = attacker.attempt(sql).await.map_or_else(|_| "0".to_owned(), |it| it.text);
        assert_eq!(made.trim(), "0");
        let sql = "select shelfops.ensure_chunks('transactions', array['2027-03-01'::timestamptz])";
        let made = attacker.attempt(sql).await.unwrap().text;
        let expected = if fixture.engine == shelfops_db::Engine::Native { "1" } else { "0" };
        assert_eq!(made.trim(), expected);
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn what_another_session_of_the_role_left_behind_is_not_in_the_way() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        // The role may set its own defaults, and somebody may have made a schema for it.
        let poison = format!(
            "create schema trap; grant usage on schema trap to shelfops_app;
             create table trap.customers (customer_id uuid, name text, currency text, time_zone text);
             insert into trap.customers values ('{}', 'trap', 'EUR', 'UTC');
             grant all on trap.customers to shelfops_app;
             do $$ begin execute format('alter role shelfops_app in database %I
                 set search_path = trap, pg_temp, public', current_database()); end $$",
            ALFA.customer_id
        );
        client.batch_execute(&poison).await.unwrap();
        let trapped = fixture.login("shelfops_app").await;
        let row = trapped.query_one("select name from customers", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "trap", "the trap works");
        let customer_id = shelfops_ingest::CustomerId::new(ALFA.customer_id.parse().unwrap());
        let tx = fixture.database.tenant(customer_id).await.unwrap();
        assert_eq!(tx.settings().await.unwrap().name, "alfa-secret");
    })
    .await;
}
