//! Tests get databases of their own.

use std::sync::atomic::{AtomicU32, Ordering};

use shelfops_testkit::{TestDatabase, TestkitError, connect, server};

use crate::fixture::{Filled, databases, fresh_fingerprint, number, store_count, three_stores};

#[tokio::test]
async fn an_empty_database_is_empty_and_goes_with_its_test() {
    let database = TestDatabase::empty().await.unwrap();
    let client = database.connect().await.unwrap();
    let tables = "select count(*) from pg_class where relnamespace = 'public'::regnamespace";
    assert_eq!(number(&client, tables).await, 0);

    // The open session does not keep the database.
    let name = database.name().to_owned();
    drop(database);
    assert_eq!(databases(&name).await, Vec::<String>::new());
}

#[tokio::test]
async fn copies_do_not_see_one_another() {
    let build = async |url: String| three_stores(&url).await;
    let first = TestDatabase::from_template("copies", "1", build).await.unwrap();
    let second = TestDatabase::from_template("copies", "1", build).await.unwrap();

    first.connect().await.unwrap().batch_execute("delete from stores").await.unwrap();

    assert_eq!(store_count(&first).await, 0);
    assert_eq!(store_count(&second).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_many_ask_for_is_built_once() {
    static BUILDS: AtomicU32 = AtomicU32::new(0);
    let fingerprint = fresh_fingerprint();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let fingerprint = fingerprint.clone();
            tokio::spawn(async move {
                let build = async |url: String| {
                    BUILDS.fetch_add(1, Ordering::Relaxed);
                    three_stores(&url).await
                };
                let copy = TestDatabase::from_template("many", &fingerprint, build).await.unwrap();
                store_count(&copy).await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 3);
    }
    assert_eq!(BUILDS.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_changed_fingerprint_replaces_the_template() {
    let build = async |url: String| three_stores(&url).await;
    TestDatabase::from_template("replaced", &fresh_fingerprint(), build).await.unwrap();
    let before = databases("testkit_template_replaced_").await;

    TestDatabase::from_template("replaced", &fresh_fingerprint(), build).await.unwrap();

    let after = databases("testkit_template_replaced_").await;
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
}

#[tokio::test]
async fn a_template_that_cannot_be_built_is_not_kept() {
    let fingerprint = fresh_fingerprint();
    let fail = async |_url| -> Filled { Err("the migration is wrong".into()) };
    let error = TestDatabase::from_template("failing", &fingerprint, fail).await.unwrap_err();
    assert!(matches!(&error, TestkitError::Build { name, .. } if name == "failing"), "{error}");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "the migration is wrong");
    assert_eq!(databases("testkit_building_failing_").await, Vec::<String>::new());

    let build = async |url: String| three_stores(&url).await;
    let copy = TestDatabase::from_template("failing", &fingerprint, build).await.unwrap();
    assert_eq!(store_count(&copy).await, 3);
}

#[tokio::test]
async fn a_session_left_open_in_a_template_is_ended() {
    let mut left_open = None;
    let build = async |url: String| -> Filled {
        left_open = Some(connect(&url).await?);
        three_stores(&url).await
    };
    let fingerprint = fresh_fingerprint();
    let copy = TestDatabase::from_template("left_open", &fingerprint, build).await.unwrap();
    assert_eq!(store_count(&copy).await, 3);
    left_open.unwrap().batch_execute("select 1").await.unwrap_err();
}

#[tokio::test]
async fn a_role_connects_as_itself() {
    let database = TestDatabase::empty().await.unwrap();
    let client = database.connect().await.unwrap();
    let role = format!("testkit_clerk_{}", std::process::id());
    client.batch_execute(&format!("create role {role} login")).await.unwrap();

    let clerk = database.connect_as(&role).await.unwrap();
    let current: String = clerk.query_one("select current_user::text", &[]).await.unwrap().get(0);

    assert_eq!(current, role);
    drop(clerk);
    client.batch_execute(&format!("drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn the_private_server_is_set_up_for_tests() {
    let database = TestDatabase::empty().await.unwrap();
    if !database.server().is_embedded() {
        return; // somebody else's server is set up as they like
    }
    let client = database.connect().await.unwrap();
    for (name, expected) in [("fsync", "off"), ("max_connections", "300")] {
        let setting = client.query_one("select current_setting($1)", &[&name]).await.unwrap();
        assert_eq!(setting.get::<_, String>(0), expected, "{name}");
    }
    assert!(std::ptr::eq(database.server(), server().await.unwrap()));
}
