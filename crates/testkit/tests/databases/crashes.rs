//! What a killed test process leaves behind is removed.

use shelfops_testkit::{TestDatabase, server};

use crate::fixture::{databases, fresh_fingerprint, store_count, three_stores};
use crate::other_process::OtherProcess;

#[tokio::test]
async fn the_database_of_a_killed_process_is_swept() {
    let owner = OtherProcess::spawn("own a database", "", &[]);
    let name = owner.said().to_owned();
    assert_eq!(databases(&name).await, [name.as_str()]);

    let other = OtherProcess::spawn("own a database", "", &[]);
    assert_eq!(databases(&name).await, [name.as_str()], "swept while its process lived");
    owner.kill();
    other.kill();
    let _sweeper = OtherProcess::spawn("own a database", "", &[]);

    assert_eq!(databases(&name).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_template_whose_builder_was_killed_is_built_again() {
    let fingerprint = fresh_fingerprint();
    let builder = OtherProcess::spawn("hang while building", &fingerprint, &[]);
    assert_eq!(builder.said(), "building");
    assert_eq!(databases("testkit_building_hanging_").await.len(), 1);
    builder.kill();

    let build = async |url: String| three_stores(&url).await;
    let copy = TestDatabase::from_template("hanging", &fingerprint, build).await.unwrap();

    assert_eq!(store_count(&copy).await, 3);
    assert_eq!(databases("testkit_building_hanging_").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_named_server_is_used_instead_of_a_private_one() {
    // The private server, named by its URL, stands in for somebody's own.
    let url = server().await.unwrap().url("postgres");
    let user = OtherProcess::spawn("use a copy", "", &[("TEST_DATABASE_URL", &url)]);
    assert_eq!(user.said(), "3 stores, embedded: false");
}
