//! Roles that come with a schema: judged by what makes them mightier than they were made, and mended.

use shelfops_advisor::drift::{Change, Options, Role, Schema, compare, page, read, reconcile};
use shelfops_testkit::TestDatabase;
use tokio_postgres::Client;

use super::try_apply;

/// Three roles that no other test has: roles belong to the server.
struct Site {
    /// Drops the database with the test.
    _database: TestDatabase,
    client: Client,
    options: Options,
    mark: i32,
}

impl Site {
    async fn open() -> Self {
        let database = TestDatabase::empty().await.unwrap();
        let client = database.connect().await.unwrap();
        let mark: i32 = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
        let roles = vec![
            Role::owner(&format!("drift_owner_{mark}")),
            Role::new(&format!("drift_clerk_{mark}")).with("statement_timeout", "30s"),
        ];
        let options = Options { roles, ..Options::default() };
        let site = Self { _database: database, client, options, mark };
        site.run(
            "drop role if exists OWNER, CLERK, LABEL;
             create role OWNER login; create role CLERK login; create role LABEL;
             alter role CLERK set statement_timeout = '30s'",
        )
        .await;
        site
    }

    async fn run(&self, sql: &str) {
        let mut sql = sql.to_owned();
        for word in ["owner", "clerk", "label"] {
            sql = sql.replace(&word.to_uppercase(), &format!("drift_{word}_{}", self.mark));
        }
        self.client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Returns what is there, and what was declared.
    async fn schemas(&self) -> (Schema, Schema) {
        self.client.batch_execute("begin read only").await.unwrap();
        let live = read(&self.client, &self.options).await.unwrap();
        self.client.batch_execute("commit").await.unwrap();
        let declared = live.with_roles(&self.options.roles);
        (live, declared)
    }
}

#[tokio::test]
async fn what_makes_a_role_mightier_than_declared_is_found_and_mended_and_nothing_else() {
    let site = Site::open().await;
    let (live, declared) = site.schemas().await;
    assert_eq!(compare(&live, &declared), []);
    // An administrator's business: how they log in, what is logged, which groups let them in.
    site.run(
        "alter role OWNER createdb; grant pg_read_all_data to OWNER;
         grant LABEL, pg_monitor to CLERK;
         alter role CLERK password 'x' connection limit 5; alter role CLERK set log_statement = 'all'",
    )
    .await;
    let (live, declared) = site.schemas().await;
    assert_eq!(compare(&live, &declared), []);
    for (change, role) in [
        ("alter role CLERK bypassrls", "clerk"),
        ("alter role CLERK createrole createdb replication", "clerk"),
        ("alter role OWNER superuser", "owner"),
        ("grant OWNER to CLERK", "clerk"),
        ("grant pg_write_all_data to CLERK", "clerk"),
        ("alter role LABEL createrole", "clerk"),
        ("do $$ begin execute format('grant %I to OWNER', current_user); end $$", "owner"),
        ("alter role CLERK reset statement_timeout", "clerk"),
        ("alter role CLERK set search_path = 'a b', \"$user\", public", "clerk"),
        (
            "do $$ begin execute format('alter role CLERK in database %I set role = OWNER', \
             current_database()); end $$",
            "clerk",
        ),
    ] {
        site.run(change).await;
        let (live, declared) = site.schemas().await;
        let found = reconcile(&live, &declared);
        let names: Vec<&str> = found.differences.iter().map(|it| it.object.as_str()).collect();
        assert_eq!(names, [format!("role drift_{role}_{}", site.mark)], "{change}");
        // Plans keep what takes it back as well.
        for statements in [found.clone(), reconcile(&declared, &live), found.clone()] {
            if let Err(fault) = try_apply(&site.client, &statements).await {
                panic!("{change}: {fault}");
            }
        }
        let (live, declared) = site.schemas().await;
        assert_eq!(compare(&live, &declared), [], "{change}: {}", page(&found));
    }
    site.run("drop role CLERK").await;
    let (live, declared) = site.schemas().await;
    let found = reconcile(&live, &declared);
    assert!(found.differences.iter().all(|it| it.change == Change::Missing), "{}", page(&found));
    try_apply(&site.client, &found).await.unwrap();
    let (live, declared) = site.schemas().await;
    assert_eq!(compare(&live, &declared), []);
    site.run("drop role CLERK, OWNER, LABEL").await;
}
