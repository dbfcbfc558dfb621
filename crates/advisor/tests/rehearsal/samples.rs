//! Samples: whose rows are there, and that no reference points at nothing.

use shelfops_advisor::rehearsal::copy::{Choice, Method, Sample, SampleSchema};
use shelfops_advisor::rehearsal::{Copy, CopyError};
use shelfops_testkit::{Engine, TestDatabase, connect, engines, server_for};

use super::bench::{ask, copy, database};

/// Forty tenants; tables that have the tenant, that follow by key, that refer to each other in a circle,
/// that have parts, and that belong to nobody.
const SHOP: &str = "
    create type mood as enum ('good', 'bad');
    create table tenants (tenant_id int primary key, favourite bigint);
    create table orders (
        id bigint generated always as identity primary key,
        tenant_id int not null references tenants,
        replaces bigint references orders,
        total numeric(10, 2) not null,
        doubled numeric generated always as (total * 2) stored,
        mood mood
    );
    alter table tenants add foreign key (favourite) references orders;
    create table lines (
        order_id bigint not null references orders, place int, note text,
        primary key (order_id, place)
    );
    create table remarks (id bigint primary key, order_id bigint references orders, said text);
    create table countries (code text primary key);
    create table days (tenant_id int not null, at date not null, n int, primary key (tenant_id, at))
        partition by range (at);
    create table days_1 partition of days for values from ('2026-01-01') to ('2026-02-01');
    create table days_2 partition of days for values from ('2026-02-01') to ('2026-03-01');
    create index on orders (tenant_id);
    insert into tenants select each from generate_series(1, 40) as each;
    insert into orders (tenant_id, total, mood)
        select each % 40 + 1, each, 'good' from generate_series(1, 40000) as each;
    -- The first orders of every tenant stand for one of another tenant.
    update orders set replaces = id + 1 where id <= 400;
    update tenants set favourite = tenant_id * 10 + 5;
    insert into lines select id, place, E'a\\\\b\"\\t''' from orders, generate_series(1, 2) as place;
    insert into remarks select id, case when id % 2 = 0 then id end, 'x' from orders;
    insert into countries values ('de'), ('at');
    insert into days select each, date '2026-01-20' + n, n
        from generate_series(1, 40) as each, generate_series(0, 30) as n;
    create function touch() returns trigger language plpgsql as $$ begin raise 'touched'; end $$;
    create trigger touch before insert or update on countries execute function touch();
    create view open_orders as select * from orders;
    analyze;";

pub(super) const HYPERTABLE: &str = "
    create extension timescaledb;
    create schema parts;
    create table tenants (tenant_id int primary key);
    create table sales (at timestamptz not null, tenant_id int not null references tenants, amount int,
        primary key (tenant_id, at, amount));
    select create_hypertable('sales', 'at', chunk_time_interval => interval '3 days',
        associated_schema_name => 'parts', create_default_indexes => false);
    create index sales_amount on sales (amount);
    insert into tenants select each from generate_series(1, 40) as each;
    insert into sales select timestamptz '2026-01-01' + each * interval '10 minutes', each % 40 + 1, each
        from generate_series(1, 4000) as each;
    analyze;";

fn of_tenants(values: &[&str]) -> Method {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let choice = Choice::Values { column: "tenant_id".to_owned(), values };
    Method::Sample(Sample { choice, schema: SampleSchema::Dumped })
}

fn percent(percent: f64) -> Method {
    Method::Sample(Sample { choice: Choice::Percent(percent), schema: SampleSchema::Dumped })
}

fn copied(copy: &Copy, name: &str) -> (u64, u64) {
    let one = copy.sampled().iter().find(|one| one.name == name).unwrap();
    (one.rows, one.of)
}

/// Every foreign key of the copy holds, and says that it does.
async fn assert_references_hold(copy: &Copy) {
    let open = "select count(*) from pg_constraint where contype = 'f' and not convalidated";
    assert_eq!(ask(copy.url(), open).await, "0");
    let client = connect(copy.url()).await.unwrap();
    let keys = "select format(
            'select count(*) from %s as own where %s is not null and not exists (
                select from %s as other where other.%s = own.%2$s)',
            conrelid::regclass, a.attname, confrelid::regclass, b.attname)
        from pg_constraint
        join pg_attribute as a on a.attrelid = conrelid and a.attnum = conkey[1]
        join pg_attribute as b on b.attrelid = confrelid and b.attnum = confkey[1]
        where contype = 'f'";
    for row in client.query(keys, &[]).await.unwrap() {
        let statement: String = row.get(0);
        assert_eq!(ask(copy.url(), &statement).await, "0", "{statement}");
    }
}

#[tokio::test]
async fn chosen_tenants_come_with_all_that_belongs_to_them_and_what_that_refers_to() {
    let shop = database(SHOP).await;
    let sample = copy(&shop, of_tenants(&["7", "8"])).await.unwrap();
    let whose = "select array_agg(distinct tenant_id order by tenant_id)::text from days";
    assert_eq!(ask(sample.url(), whose).await, "{7,8}");
    assert_eq!(ask(sample.url(), "select count(*) from days_2").await, "38");
    // Theirs, those that theirs replace, and the favourites.
    assert_eq!(
        ask(sample.url(), "select count(*) from orders where tenant_id in (7, 8)").await,
        "2000"
    );
    let (orders, of) = copied(&sample, "orders");
    assert!(orders > 2_000 && orders < 2_600, "{orders}");
    assert_eq!(of, 40_000);
    let lines =
        "select count(*) from lines join orders on orders.id = order_id where tenant_id in (7, 8)";
    assert_eq!(ask(sample.url(), lines).await, "4000");
    assert_eq!(ask(sample.url(), "select count(*) from countries").await, "2");
    // What refers to nobody may be anybody's.
    assert_eq!(
        ask(sample.url(), "select count(*) from remarks where order_id is null").await,
        "20000"
    );
    assert_eq!(ask(sample.url(), "select count(distinct note) from lines").await, "1");
    assert_eq!(ask(sample.url(), "select note from lines limit 1").await, "a\\b\"\t'");
    assert_references_hold(&sample).await;
    let next = "insert into orders (tenant_id, total) values (7, 1.5) returning id";
    assert_eq!(ask(sample.url(), next).await, "40001");
    assert_eq!(ask(sample.url(), "select doubled from orders where id = 40001").await, "3.00");
    let analysed = "select reltuples > 0 from pg_class where relname = 'days_2'";
    assert_eq!(ask(sample.url(), analysed).await, "t");
}

#[tokio::test]
async fn the_schema_of_a_sample_is_that_of_the_source() {
    let shop = database(SHOP).await;
    let sample = copy(&shop, of_tenants(&["7"])).await.unwrap();
    let (copied, own) = (
        shelfops_testkit::pg_dump(sample.url()).await.unwrap(),
        shelfops_testkit::pg_dump(&shop.url()).await.unwrap(),
    );
    assert_eq!(copied, own);
}

#[tokio::test]
async fn a_percentage_takes_small_tables_whole_and_what_follows_by_key() {
    let shop = database(SHOP).await;
    let sample = copy(&shop, percent(5.0)).await.unwrap();
    assert_eq!(copied(&sample, "tenants"), (40, 40));
    let (orders, _) = copied(&sample, "orders");
    assert!((1_700..2_500).contains(&orders), "{orders}");
    let (lines, of) = copied(&sample, "lines");
    // References that were fetched bring no lines.
    assert!((3_400..4_600).contains(&lines), "{lines}");
    assert_eq!(of, 80_000);
    let scale = sample.scale_of("public", "lines");
    assert!((17.0..24.0).contains(&scale), "{scale}");
    assert_references_hold(&sample).await;
}

#[tokio::test]
async fn a_choice_that_chooses_nothing_is_refused() {
    let shop = database("create table places (id bigint)").await;
    for method in
        [of_tenants(&["7"]), of_tenants(&[]), percent(0.0), percent(101.0), percent(f64::NAN)]
    {
        let refused = copy(&shop, method).await.unwrap_err();
        assert!(matches!(refused, CopyError::Unsampleable { .. }), "{refused}");
    }
}

#[tokio::test]
async fn hypertables_are_made_anew_with_the_rows_that_were_chosen() {
    for engine in engines().await.unwrap().into_iter().filter(|it| *it != Engine::Native) {
        let server = server_for(engine).await.unwrap();
        let shop = server.empty().await.unwrap();
        super::bench::fill(&shop, HYPERTABLE).await;
        let sample = copy(&shop, of_tenants(&["7", "8"])).await.unwrap();
        assert_eq!(ask(sample.url(), "select count(*) from sales").await, "200", "{engine}");
        let (rows, of) = copied(&sample, "sales");
        assert_eq!((rows, of), (200, 4_000));
        assert_eq!(chunks(&shop).await, ask(sample.url(), CHUNKS).await, "{engine}");
        let indexes = "select count(*) from pg_indexes where schemaname = 'parts'
            and indexname like '%sales_amount'";
        assert_eq!(ask(sample.url(), indexes).await, ask(&shop.url(), indexes).await, "{engine}");
    }
}

const CHUNKS: &str = "select string_agg(range_start::text || schema_name, ',' order by range_start)
    from (select range_start, chunk_schema as schema_name from timescaledb_information.chunks) as chunk";

async fn chunks(database: &TestDatabase) -> String {
    ask(&database.url(), CHUNKS).await
}
