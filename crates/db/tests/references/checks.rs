//! One session at a time: what refers to nothing is not written, and what is referred to stays.

use shelfops_db::Engine;
use tokio_postgres::error::SqlState;

use super::shop::{
    REFERENCES, TENANT, begin, compress, delete, id, insert, open, orphan_count, run,
};
use crate::fixture::{Fixture, on_every_engine};

const VIOLATION: SqlState = SqlState::FOREIGN_KEY_VIOLATION;

async fn on_open_shop(test: impl AsyncFn(&Fixture, &tokio_postgres::Client)) {
    on_every_engine(async |fixture| {
        let client = open(fixture, 4).await;
        test(fixture, &client).await;
        assert_eq!(orphan_count(&client).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_names_an_unknown_store_or_product_is_refused() {
    on_open_shop(async |_, client| {
        for series in ["transactions", "inventory_levels"] {
            assert_eq!(run(client, &insert(series, 1, 1, 1)).await, Ok(()));
            for (store, product) in [(99, 1), (1, 99), (99, 99)] {
                assert_eq!(run(client, &insert(series, store, product, 2)).await, Err(VIOLATION));
            }
            let both = format!("{}; {}", insert(series, 2, 2, 3), insert(series, 2, 99, 4));
            assert_eq!(run(client, &both).await, Err(VIOLATION));
            for key_column in ["store_id", "product_id"] {
                let update = format!("update {series} set {key_column} = '{}'", id(99));
                assert_eq!(run(client, &update).await, Err(VIOLATION), "{update}");
                let update = format!("update {series} set {key_column} = '{}'", id(2));
                assert_eq!(run(client, &update).await, Ok(()), "{update}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_refusal_names_what_is_missing() {
    on_open_shop(async |_, client| {
        begin(client).await;
        let error = client.batch_execute(&insert("transactions", 99, 1, 1)).await.unwrap_err();
        let said = error.as_db_error().unwrap();
        assert_eq!(said.message(), format!("store_id {} does not exist", id(99)));
        assert_eq!((said.table(), said.column()), (Some("stores"), Some("store_id")));
        client.batch_execute("rollback").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn one_bad_row_among_many_is_found() {
    on_open_shop(async |_, client| {
        for (store, product, expected) in
            [(2, 2, Ok(())), (99, 2, Err(VIOLATION)), (2, 99, Err(VIOLATION))]
        {
            let many = format!(
                "insert into inventory_levels (customer_id, store_id, product_id, counted_at,
                     quantity_on_hand, source)
                 select '{TENANT}', case number when 250 then '{}' else '{}' end::uuid,
                     case number when 250 then '{}' else '{}' end::uuid,
                     '2026-03-02 00:00+00'::timestamptz + number * interval '1 minute', 1, 'many-{store}-{product}'
                 from generate_series(1, 500) as number",
                id(store),
                id(1),
                id(product),
                id(1)
            );
            assert_eq!(run(client, &many).await, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_referred_to_cannot_be_deleted() {
    on_open_shop(async |_, client| {
        for (series, parent, key_column) in REFERENCES {
            // Named by this series alone.
            assert_eq!(run(client, &insert(series, 1, 1, 1)).await, Ok(()));
            begin(client).await;
            let error = client.batch_execute(&delete(parent, key_column, 1)).await.unwrap_err();
            let said = error.as_db_error().unwrap();
            assert_eq!(*said.code(), VIOLATION);
            let expected = format!("{key_column} {} is still referenced from {series}", id(1));
            assert_eq!(said.message(), expected);
            client.batch_execute("rollback").await.unwrap();
            // Together with others it stays too, and so do they.
            let all = format!("delete from {parent}");
            assert_eq!(run(client, &all).await, Err(VIOLATION));
            assert_eq!(run(client, &format!("delete from {series}")).await, Ok(()));
        }
        for (_, parent, key_column) in &REFERENCES[..2] {
            assert_eq!(run(client, &delete(parent, key_column, 1)).await, Ok(()));
            assert_eq!(run(client, &delete(parent, key_column, 99)).await, Ok(()));
        }
    })
    .await;
}

#[tokio::test]
async fn references_from_compressed_chunks_count() {
    on_open_shop(async |fixture, client| {
        for (number, series) in ["transactions", "inventory_levels"].into_iter().enumerate() {
            let number = u32::try_from(number).unwrap() + 1;
            assert_eq!(run(client, &insert(series, number, number, 1)).await, Ok(()));
        }
        compress(fixture, client).await;
        for (_, parent, key_column) in &REFERENCES[..2] {
            for number in [1, 2] {
                let outcome = run(client, &delete(parent, key_column, number)).await;
                assert_eq!(outcome, Err(VIOLATION), "{parent} {number}");
            }
            assert_eq!(run(client, &delete(parent, key_column, 3)).await, Ok(()));
        }
        // And rows that come into one are checked.
        assert_eq!(run(client, &insert("transactions", 3, 1, 9)).await, Err(VIOLATION));
        assert_eq!(run(client, &insert("transactions", 1, 1, 9)).await, Ok(()));
    })
    .await;
}

#[tokio::test]
async fn a_store_that_only_rollups_name_stays() {
    on_open_shop(async |fixture, client| {
        assert_eq!(run(client, &insert("transactions", 1, 1, 1)).await, Ok(()));
        let range = ["2026-03-01T00:00:00Z", "2026-03-09T00:00:00Z"].map(|at| at.parse().unwrap());
        fixture.database.refresh_rollups(range[0], range[1]).await.unwrap();
        let dropped = "select shelfops.drop_chunks('transactions', '2027-01-01')";
        assert_eq!(client.query_one(dropped, &[]).await.unwrap().get::<_, i32>(0), 1);
        assert_eq!(run(client, &delete("stores", "store_id", 1)).await, Err(VIOLATION));
        // No rollup names products.
        assert_eq!(run(client, &delete("products", "product_id", 1)).await, Ok(()));
        assert_eq!(run(client, &delete("stores", "store_id", 2)).await, Ok(()));
    })
    .await;
}

#[tokio::test]
async fn keys_of_stores_and_products_never_change() {
    on_open_shop(async |_, client| {
        for (_, parent, key_column) in &REFERENCES[..2] {
            for sql in [
                format!(
                    "update {parent} set {key_column} = '{}' where {key_column} = '{}'",
                    id(77),
                    id(1)
                ),
                format!("update {parent} set {key_column} = gen_random_uuid()"),
            ] {
                assert_eq!(run(client, &sql).await, Err(VIOLATION), "{sql}");
            }
            let sql = format!("update {parent} set name = 'New', {key_column} = {key_column}");
            assert_eq!(run(client, &sql).await, Ok(()), "{sql}");
        }
        // Not even by whom row security does not bind.
        for sql in [
            "truncate stores cascade",
            "truncate products cascade",
            "update stores set store_id = gen_random_uuid()",
            "update products set customer_id = gen_random_uuid()",
        ] {
            let error = client.batch_execute(sql).await.unwrap_err();
            assert_eq!(error.code(), Some(&VIOLATION), "{sql}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_delete_that_could_not_see_the_newest_rows_is_refused() {
    on_open_shop(async |_, client| {
        for (_, parent, key_column) in &REFERENCES[..2] {
            for level in ["repeatable read", "serializable"] {
                begin(client).await;
                client.batch_execute("rollback").await.unwrap();
                let begin = format!(
                    "begin isolation level {level}; select shelfops.enter_tenant('{TENANT}');
                     set local role shelfops_app"
                );
                client.batch_execute(&begin).await.unwrap();
                let error = client.batch_execute(&delete(parent, key_column, 4)).await.unwrap_err();
                assert_eq!(error.code(), Some(&SqlState::FEATURE_NOT_SUPPORTED), "{level}");
                client.batch_execute("rollback").await.unwrap();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_superuser_without_a_tenant_is_guarded_as_well() {
    on_open_shop(async |_, client| {
        assert_eq!(run(client, &insert("transactions", 1, 1, 1)).await, Ok(()));
        assert_eq!(run(client, &insert("inventory_levels", 2, 2, 1)).await, Ok(()));
        for (_, parent, key_column) in &REFERENCES[..2] {
            for number in [1, 2] {
                let error =
                    client.batch_execute(&delete(parent, key_column, number)).await.unwrap_err();
                assert_eq!(error.code(), Some(&VIOLATION), "{parent} {number}");
            }
            client.batch_execute(&delete(parent, key_column, 3)).await.unwrap();
        }
        let left = "select coalesce(current_setting('app.current_customer_id', true), '')
                        || coalesce(current_setting('app.tenant_proof', true), '')";
        assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, String>(0), "");
    })
    .await;
}

#[tokio::test]
async fn a_delete_leaves_the_transaction_with_its_own_tenant() {
    on_open_shop(async |_, client| {
        begin(client).await;
        client.batch_execute(&delete("stores", "store_id", 3)).await.unwrap();
        let sql = "select count(*) from stores";
        assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 3);
        client.batch_execute("commit").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn chunks_that_were_filled_aside_are_checked_and_count() {
    on_open_shop(async |fixture, client| {
        if fixture.engine != Engine::Native {
            return;
        }
        let aside = |store, product, key| {
            insert("transactions", store, product, key)
                .replace("into transactions", "into timeseries_aside.transactions_p2026050400")
                .replace("2026-03-02 00:00", "2026-05-05 00:00")
        };
        let begin_chunk =
            "select shelfops.begin_chunk('transactions', '2026-05-04 00:00+00', '2026-05-11 00:00+00')";
        let finish = "select shelfops.finish_chunk('transactions', '2026-05-04 00:00+00', null)";
        for (store, product) in [(99, 1), (1, 99)] {
            let sql = format!("{begin_chunk}; {}; {finish}", aside(store, product, 1));
            assert_eq!(run(client, &sql).await, Err(VIOLATION));
        }
        let sql = format!("{begin_chunk}; {}; {finish}", aside(1, 2, 1));
        assert_eq!(run(client, &sql).await, Ok(()));
        assert_eq!(run(client, &delete("stores", "store_id", 1)).await, Err(VIOLATION));
        assert_eq!(run(client, &delete("products", "product_id", 2)).await, Err(VIOLATION));
        assert_eq!(run(client, &delete("stores", "store_id", 2)).await, Ok(()));
    })
    .await;
}
