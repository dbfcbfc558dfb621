//! The time-series engine is chosen once, and only where the server has it.

use shelfops_db::{Engine, MIGRATIONS, MigrationError, Migrator, Target};
use tokio_postgres::Client;

use crate::fixture::{on_every_empty_database, on_every_engine};

async fn has_extension(client: &Client) -> bool {
    let sql = "select exists (select from pg_extension where extname = 'timescaledb')";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_schema_is_built_for_the_engine_that_was_asked_for() {
    on_every_engine(async |fixture| {
        let operator = fixture.database.operator().await.unwrap();
        assert_eq!(operator.timeseries_engine().await.unwrap(), fixture.engine);
        let client = fixture.superuser().await;
        // Native tables need nothing that the server may offer besides.
        assert_eq!(has_extension(&client).await, fixture.engine != Engine::Native);
        let kind = "select relkind::text from pg_class where oid = 'public.transactions'::regclass";
        let kind: String = client.query_one(kind, &[]).await.unwrap().get(0);
        assert_eq!(kind, if fixture.engine == Engine::Native { "p" } else { "v" });
    })
    .await;
}

#[tokio::test]
async fn without_a_wish_the_best_engine_of_the_server_is_chosen() {
    on_every_empty_database(async |engine, _, database| {
        if engine == Engine::Native {
            return;
        }
        Migrator::new(database, None).up(Target::All, |_| {}).await.unwrap();
        let chosen = database.operator().await.unwrap().timeseries_engine().await.unwrap();
        assert_eq!(chosen, engine);
    })
    .await;
}

#[tokio::test]
async fn going_step_by_step_does_not_lose_the_engine() {
    on_every_empty_database(async |engine, _, database| {
        let migrator = Migrator::new(database, Some(engine));
        for _ in MIGRATIONS {
            migrator.up(Target::Steps(1), |_| {}).await.unwrap();
        }
        let chosen = database.operator().await.unwrap().timeseries_engine().await.unwrap();
        assert_eq!(chosen, engine);
        // Nor does a program that has no wish change what was chosen.
        migrator.down(Target::Steps(5), |_| {}).await.unwrap();
        Migrator::new(database, None).up(Target::All, |_| {}).await.unwrap();
        let chosen = database.operator().await.unwrap().timeseries_engine().await.unwrap();
        assert_eq!(chosen, engine);
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_the_server_lacks_is_refused_with_advice() {
    on_every_empty_database(async |engine, empty, database| {
        let lacking = match engine {
            Engine::Native => (Engine::Citus, "use native or timescale"),
            Engine::Timescale => (Engine::TimescaleApache, "timescaledb.license"),
            _ => (Engine::Timescale, "timescaledb.license"),
        };
        let migrator = Migrator::new(database, Some(lacking.0));
        let error = migrator.up(Target::All, |_| {}).await.unwrap_err();
        assert!(
            matches!(error, MigrationError::EngineUnavailable { engine, .. } if engine == lacking.0)
        );
        assert!(error.to_string().contains(lacking.1), "{error}");
        let client = empty.connect().await.unwrap();
        let schemas = "select count(*) from pg_namespace where nspname = 'shelfops'";
        assert_eq!(client.query_one(schemas, &[]).await.unwrap().get::<_, i64>(0), 0);
        // And what the server has can be asked for afterwards.
        Migrator::new(database, Some(engine)).up(Target::All, |_| {}).await.unwrap();
    })
    .await;
}

/// Which functions of TimescaleDB are open to everybody, as text.
const OPEN_FUNCTIONS: &str = "select coalesce(string_agg(pg_proc.oid::regprocedure::text, ' '
        order by pg_proc.oid), '')
    from pg_extension
    join pg_depend on refobjid = pg_extension.oid and classid = 'pg_proc'::regclass
    join pg_proc on pg_proc.oid = objid
    where extname = 'timescaledb' and has_function_privilege('public', pg_proc.oid, 'execute')";

#[tokio::test]
async fn going_down_opens_what_going_up_closed_and_nothing_else() {
    on_every_empty_database(async |engine, empty, database| {
        let client = empty.connect().await.unwrap();
        let available = "select from pg_available_extensions where name = 'timescaledb'";
        if client.query_opt(available, &[]).await.unwrap().is_none()
            || client.batch_execute("create extension timescaledb").await.is_err()
        {
            return;
        }
        // An administrator has closed one, and given another to somebody.
        let client = empty.connect().await.unwrap();
        let closed = "revoke execute on function public.show_chunks from public;
                      revoke execute on function _timescaledb_functions.drop_chunk from public";
        client.batch_execute(closed).await.unwrap();
        let open =
            async || client.query_one(OPEN_FUNCTIONS, &[]).await.unwrap().get::<_, String>(0);
        let before = open().await;
        assert!(before.contains("drop_chunks(") && !before.contains("show_chunks("), "{before}");

        Migrator::new(database, Some(engine)).up(Target::All, |_| {}).await.unwrap();
        let is_closed = !open().await.contains("drop_chunks(");
        assert_eq!(
            is_closed,
            engine != Engine::Native,
            "with our time series native, none of ours"
        );
        Migrator::new(database, None).down(Target::All, |_| {}).await.unwrap();

        assert_eq!(open().await, before);
    })
    .await;
}
