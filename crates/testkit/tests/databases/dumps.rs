//! Equal schemas dump to equal text.

use shelfops_testkit::{TestDatabase, TestkitError, pg_dump};

#[tokio::test]
async fn a_schema_is_dumped_without_what_varies() {
    let sql = "create table stores (store_id text primary key, name text not null);
               comment on table stores is 'Where things are sold.';
               create view named as select name from stores;";
    let mut dumps = Vec::new();
    for _ in 0..2 {
        let database = TestDatabase::empty().await.unwrap();
        database.connect().await.unwrap().batch_execute(sql).await.unwrap();
        dumps.push(pg_dump(&database.url()).await.unwrap());
    }
    assert_eq!(dumps[0], dumps[1]);
    for kept in ["CREATE TABLE public.stores (", "CREATE VIEW", "COMMENT ON TABLE", "PRIMARY KEY"] {
        assert!(dumps[0].contains(kept), "no `{kept}` in:\n{}", dumps[0]);
    }
    for noise in ["OWNER", "--", "restrict", "SET ", "search_path"] {
        assert!(!dumps[0].contains(noise), "`{noise}` in:\n{}", dumps[0]);
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_an_error() {
    let database = TestDatabase::empty().await.unwrap();
    let url = database.server().url("testkit_no_such_database");
    let error = pg_dump(&url).await.unwrap_err();
    assert!(matches!(error, TestkitError::Dump { .. }), "{error}");
    assert!(error.to_string().contains("testkit_no_such_database"), "{error}");
}
