//! Each migration leaves what it found when it is taken back.

use shelfops_db::{Database, Engine, MIGRATIONS, Migrator, Target};
use shelfops_testkit::{TestDatabase, pg_dump};
use tokio_postgres::Client;

use crate::fixture::{migrated, on_every_empty_database, on_every_engine};

/// What the dump of a schema leaves out: rights on the database, and what TimescaleDB keeps in tables.
const BESIDES_THE_DUMP: &str = "select coalesce(string_agg(line, E'\\n' order by line), '')
    from (
        select format('database %s %s', coalesce(nullif(grantee, 0)::regrole::text, 'public'),
            privilege_type)
        from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
        where datname = current_database()
        union all
        select format('function %s %s %s', oid::regprocedure,
            coalesce(nullif(grantee, 0)::regrole::text, 'public'), privilege_type)
        from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
        where pronamespace in (
            select oid from pg_namespace where nspname like '%timescaledb%')
    ) as found (line)";

const TIMESCALE_OBJECTS: &str = "select coalesce(string_agg(line, E'\\n' order by line), '')
    from (
        select format('hypertable %s.%s', schema_name, table_name)
        from _timescaledb_catalog.hypertable
        union all
        select format('aggregate %s.%s', user_view_schema, user_view_name)
        from _timescaledb_catalog.continuous_agg
        union all
        select format('job %s %s', proc_name, config) from _timescaledb_config.bgw_job
        where id >= 1000
    ) as found (line)";

/// Everything that migrations may change, as text.
async fn state(empty: &TestDatabase, client: &Client) -> String {
    let text = |sql: &'static str| async move {
        client.query_one(sql, &[]).await.unwrap().get::<_, String>(0)
    };
    let extension = client
        .query_opt("select from pg_extension where extname = 'timescaledb'", &[])
        .await
        .unwrap();
    let objects = match extension {
        // Their numbers differ each time they are made.
        Some(_) => without_numbers(&text(TIMESCALE_OBJECTS).await),
        None => String::new(),
    };
    let dump = sorted(&without_numbers(&pg_dump(&empty.url()).await.unwrap()));
    format!("{dump}\n{}\n{objects}", text(BESIDES_THE_DUMP).await)
}

/// Before the numbers that TimescaleDB gives its objects, and that are never given twice.
const NUMBERED: [&str; 7] = [
    "_hypertable_",
    "_partial_view_",
    "_direct_view_",
    "hypertable_id\": ",
    "continuous_agg_invalidation_trigger('",
    "cagg_watermark(",
    "_idx_",
];

/// Leaves those numbers out.
fn without_numbers(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        let is_numbered =
            character.is_ascii_digit() && NUMBERED.iter().any(|before| plain.ends_with(before));
        if !is_numbered {
            plain.push(character);
        }
    }
    plain
}

/// Puts the statements of a dump into an order that does not depend on such numbers.
fn sorted(dump: &str) -> String {
    let mut statements: Vec<&str> = dump.split("\n\n").collect();
    statements.sort_unstable();
    statements.join("\n\n")
}

/// Shows the first line that differs, instead of two schemas.
fn assert_same(found: &str, expected: &str, context: &str) {
    let differing = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "{context}: first difference {differing:?}, {} and {} lines",
        found.lines().count(),
        expected.lines().count()
    );
}

#[tokio::test]
async fn each_migration_goes_up_down_and_up_again_to_the_same_schema() {
    on_every_empty_database(async |engine, empty, database| {
        // Holds the roles, which belong to the server, while this test takes them back.
        let _others = migrated(engine).await;
        let migrator = Migrator::new(database, Some(engine));
        migrator.up(Target::Steps(0), |_| {}).await.unwrap();
        let client = empty.connect().await.unwrap();
        let mut before = state(empty, &client).await;
        for migration in MIGRATIONS {
            migrator.up(Target::Steps(1), |_| {}).await.unwrap();
            let first = state(empty, &client).await;
            migrator.down(Target::Steps(1), |_| {}).await.unwrap();
            let back = state(empty, &client).await;
            assert_same(&back, &before, &format!("{} down, before it", migration.file));
            migrator.up(Target::Steps(1), |_| {}).await.unwrap();
            before = first;
        }
        // What the second time left differently would still be there.
        assert_same(&state(empty, &client).await, &before, "all up a second time, one by one");
    })
    .await;
}

#[tokio::test]
async fn taking_all_of_them_back_leaves_what_was_there_before() {
    on_every_empty_database(async |engine, empty, database| {
        let _others = migrated(engine).await;
        let migrator = Migrator::new(database, Some(engine));
        migrator.up(Target::Steps(0), |_| {}).await.unwrap();
        let client = empty.connect().await.unwrap();
        let before = state(empty, &client).await;
        let up = migrator.up(Target::All, |_| {}).await.unwrap();
        assert_eq!(up.len(), MIGRATIONS.len());
        let migrated = state(empty, &client).await;
        let down = migrator.down(Target::All, |_| {}).await.unwrap();
        assert_eq!(down.len(), MIGRATIONS.len());
        assert_same(&state(empty, &client).await, &before, "all down, before");
        migrator.up(Target::All, |_| {}).await.unwrap();
        assert_same(&state(empty, &client).await, &migrated, "all up, the second time");
    })
    .await;
}

#[tokio::test]
async fn migrations_with_rows_behind_them_can_be_taken_back() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        client.batch_execute(ROWS).await.unwrap();
        compress(&fixture.database, fixture.engine).await;
        let migrator = Migrator::new(&fixture.database, Some(fixture.engine));
        let down = migrator.down(Target::All, |_| {}).await.unwrap();
        assert_eq!(down.len(), MIGRATIONS.len());
        migrator.up(Target::All, |_| {}).await.unwrap();
    })
    .await;
}

const ROWS: &str = "
    insert into shelfops.tenants values ('00000000-0000-7000-8000-00000000000a', 'alpha');
    begin;
    select shelfops.enter_tenant('00000000-0000-7000-8000-00000000000a');
    insert into customers values ('00000000-0000-7000-8000-00000000000a', 'Alpha', 'EUR', 'UTC');
    insert into stores (customer_id, store_id, name, time_zone)
    select customer_id, customer_id, 'Centre', 'UTC' from customers;
    insert into products (customer_id, product_id, name)
    select customer_id, customer_id, 'Milk' from customers;
    select shelfops.ensure_chunks(series, array['2026-03-02'::timestamptz])
    from unnest(array['transactions', 'inventory_levels']) as series;
    insert into transactions (customer_id, transaction_id, store_id, product_id, occurred_at,
        business_date, quantity, total_amount, currency, transaction_type, source, external_id)
    select customer_id, customer_id, customer_id, customer_id, '2026-03-02 10:00+00', '2026-03-02',
        1, 2, 'EUR', 'sale', 'till', '1'
    from customers;
    insert into inventory_levels (customer_id, store_id, product_id, counted_at, quantity_on_hand,
        source)
    select customer_id, customer_id, customer_id, '2026-03-02 10:00+00', 3, 'till' from customers;
    commit;";

async fn compress(database: &Database, engine: Engine) {
    let operator = database.operator().await.unwrap();
    let compressed =
        operator.compress_chunks("transactions", "2026-06-01T00:00:00Z".parse().unwrap()).await;
    assert_eq!(compressed.unwrap(), i32::from(engine == Engine::Timescale));
    operator.commit().await.unwrap();
}

#[tokio::test]
async fn a_copy_of_the_template_has_the_rights_of_a_migrated_database() {
    on_every_empty_database(async |engine, empty, database| {
        Migrator::new(database, Some(engine)).up(Target::All, |_| {}).await.unwrap();
        let copy = migrated(engine).await;
        let rights = async |client: Client| -> String {
            client.query_one(BESIDES_THE_DUMP, &[]).await.unwrap().get(0)
        };
        assert_same(
            &rights(copy.superuser().await).await,
            &rights(empty.connect().await.unwrap()).await,
            "a copy, and what it is a copy of",
        );
    })
    .await;
}
