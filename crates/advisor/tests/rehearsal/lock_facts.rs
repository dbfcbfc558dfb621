//! What the product says of locks and rewriting, compared with what the server does.
//!
//! Each kind of statement runs on the live server, and `pg_locks` and the table's file say what it did. The
//! linter's own idea of its lock must be the same, and so must every lock that a rule names in its words.

use shelfops_advisor::lint::locks::{Strength, taken_by};
use shelfops_advisor::lint::script::Name;
use shelfops_advisor::lint::{Profile, RULES, SchemaState, Script};
use shelfops_advisor::rehearsal::run::LockMode;
use tokio_postgres::Client;

use super::bench::database;

const SCHEMA: &str = "
    create table parents (id bigint primary key);
    create table t (
        id bigint primary key, n int not null default 0, name varchar(50), code text, amount numeric(10, 2),
        parent_id bigint, at timestamptz,
        constraint n_positive check (n >= 0)
    );
    alter table t add constraint open_check check (amount >= 0) not valid;
    alter table t add constraint open_key foreign key (parent_id) references parents not valid;
    create index t_name on t (name);
    create unique index t_code on t (code);
    create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger touch before update on t for each row execute function touch();
    create policy everything on t using (true);
    create table p (id bigint not null, at date not null, primary key (id, at)) partition by range (at);
    create table p_1 partition of p for values from ('2026-01-01') to ('2026-02-01');
    create table p_2 (id bigint not null, at date not null, primary key (id, at));
    create materialized view v as select id from t;
    create unique index v_id on v (id);
    create view q as select id from t;
    insert into t (id, n, name, code) select each, 1, 'x', 'c' || each from generate_series(1, 100) as each;
    analyze;";

/// A statement, the relation to look at, the strongest lock there, whether that is written anew, and the rule
/// whose words are about it.
struct Fact(&'static str, &'static str, LockMode, bool, &'static str);

use LockMode::{
    AccessExclusive, Exclusive, RowExclusive, RowShare, Share, ShareRowExclusive,
    ShareUpdateExclusive,
};

const FACTS: &[Fact] = &[
    Fact("alter table t add column a text", "t", AccessExclusive, false, ""),
    Fact("alter table t add column a int default 5", "t", AccessExclusive, false, ""),
    Fact(
        "alter table t add column a uuid default gen_random_uuid()",
        "t",
        AccessExclusive,
        true,
        "column-with-volatile-default",
    ),
    Fact(
        "alter table t add column a int generated always as (n * 2) stored",
        "t",
        AccessExclusive,
        true,
        "generated-column-on-existing-table",
    ),
    Fact(
        "alter table t add column a int generated always as identity",
        "t",
        AccessExclusive,
        true,
        "generated-column-on-existing-table",
    ),
    Fact("alter table t add column a bigserial", "t", AccessExclusive, true, ""),
    Fact("alter table t drop column name", "t", AccessExclusive, false, ""),
    Fact("alter table t rename column name to label", "t", AccessExclusive, false, ""),
    Fact("alter table t rename to u", "t", AccessExclusive, false, ""),
    Fact("alter table t alter column name type varchar(80)", "t", AccessExclusive, false, ""),
    Fact("alter table t alter column name type text", "t", AccessExclusive, false, ""),
    Fact(
        "alter table t alter column name type varchar(20)",
        "t",
        AccessExclusive,
        true,
        "type-change-rewrite",
    ),
    Fact(
        "alter table t alter column n type bigint",
        "t",
        AccessExclusive,
        true,
        "type-change-rewrite",
    ),
    Fact("alter table t alter column n set default 1", "t", AccessExclusive, false, ""),
    Fact("alter table t alter column n drop not null", "t", AccessExclusive, false, ""),
    Fact(
        "alter table t alter column code set not null",
        "t",
        AccessExclusive,
        false,
        "set-not-null-unchecked",
    ),
    Fact(
        "alter table t alter column code set statistics 500",
        "t",
        ShareUpdateExclusive,
        false,
        "",
    ),
    Fact("alter table t set (fillfactor = 80)", "t", ShareUpdateExclusive, false, ""),
    Fact("alter table t set (autovacuum_enabled = off)", "t", ShareUpdateExclusive, false, ""),
    Fact("alter table t set unlogged", "t", AccessExclusive, true, "storage-rewrite"),
    Fact(
        "alter table t add check (n < 1000)",
        "t",
        AccessExclusive,
        false,
        "check-without-not-valid",
    ),
    Fact("alter table t add check (n < 1000) not valid", "t", AccessExclusive, false, ""),
    Fact("alter table t validate constraint open_check", "t", ShareUpdateExclusive, false, ""),
    Fact("alter table t validate constraint open_key", "t", ShareUpdateExclusive, false, ""),
    Fact("alter table t validate constraint open_key", "parents", RowShare, false, ""),
    Fact("alter table t drop constraint n_positive", "t", AccessExclusive, false, ""),
    Fact("alter table t rename constraint n_positive to positive", "t", AccessExclusive, false, ""),
    Fact(
        "alter table t add foreign key (parent_id) references parents",
        "t",
        ShareRowExclusive,
        false,
        "foreign-key-without-not-valid",
    ),
    Fact(
        "alter table t add foreign key (parent_id) references parents",
        "parents",
        ShareRowExclusive,
        false,
        "foreign-key-without-not-valid",
    ),
    Fact(
        "alter table t add foreign key (parent_id) references parents not valid",
        "t",
        ShareRowExclusive,
        false,
        "",
    ),
    Fact(
        "alter table t add unique (id, n)",
        "t",
        AccessExclusive,
        false,
        "unique-constraint-without-index",
    ),
    Fact(
        "alter table t add constraint u unique using index t_code",
        "t",
        AccessExclusive,
        false,
        "",
    ),
    Fact("create index on t (n)", "t", Share, false, "index-without-concurrently"),
    Fact("create unique index on t (id, n)", "t", Share, false, ""),
    Fact("drop index t_name", "t", AccessExclusive, false, "drop-index-without-concurrently"),
    Fact("alter index t_name rename to t_label", "t_name", ShareUpdateExclusive, false, ""),
    Fact("reindex table t", "t", Share, false, "reindex-without-concurrently"),
    Fact("cluster t using t_pkey", "t", AccessExclusive, true, "vacuum-full-or-cluster"),
    Fact("truncate t", "t", AccessExclusive, true, "truncate"),
    Fact("drop table t cascade", "t", AccessExclusive, false, "drop-table"),
    Fact("drop trigger touch on t", "t", AccessExclusive, false, ""),
    Fact(
        "create trigger again before insert on t for each row execute function touch()",
        "t",
        ShareRowExclusive,
        false,
        "",
    ),
    Fact("alter table t disable trigger touch", "t", ShareRowExclusive, false, "trigger-disabled"),
    Fact("alter table t enable row level security", "t", AccessExclusive, false, ""),
    Fact("create policy more on t using (true)", "t", AccessExclusive, false, ""),
    Fact("drop policy everything on t", "t", AccessExclusive, false, ""),
    Fact("create table c (id bigint references parents)", "parents", ShareRowExclusive, false, ""),
    Fact(
        "create table p_3 partition of p for values from ('2026-03-01') to ('2026-04-01')",
        "p",
        AccessExclusive,
        false,
        "",
    ),
    Fact(
        "alter table p attach partition p_2 for values from ('2026-02-01') to ('2026-03-01')",
        "p",
        ShareUpdateExclusive,
        false,
        "attach-partition-without-check",
    ),
    Fact(
        "alter table p attach partition p_2 for values from ('2026-02-01') to ('2026-03-01')",
        "p_2",
        AccessExclusive,
        false,
        "attach-partition-without-check",
    ),
    Fact(
        "alter table p detach partition p_1",
        "p",
        AccessExclusive,
        false,
        "detach-partition-without-concurrently",
    ),
    Fact("alter policy everything on t using (id > 0)", "t", AccessExclusive, false, ""),
    Fact("reindex index t_name", "t", Share, false, ""),
    Fact("alter materialized view v rename to w", "v", AccessExclusive, false, ""),
    Fact("drop materialized view v", "v", AccessExclusive, false, ""),
    Fact("create or replace view q as select id, n from t", "q", AccessExclusive, false, ""),
    Fact("alter view q set (security_invoker = true)", "q", AccessExclusive, false, ""),
    Fact("alter view q rename to r", "q", AccessExclusive, false, ""),
    Fact("drop view q", "q", AccessExclusive, false, ""),
    Fact("refresh materialized view v", "v", AccessExclusive, true, "refresh-without-concurrently"),
    Fact("refresh materialized view concurrently v", "v", Exclusive, false, ""),
    Fact("analyze t", "t", ShareUpdateExclusive, false, ""),
    Fact("comment on table t is 'x'", "t", ShareUpdateExclusive, false, ""),
    Fact("update t set n = 2", "t", RowExclusive, false, ""),
    Fact("lock table t in exclusive mode", "t", Exclusive, false, "explicit-table-lock"),
    Fact("lock table t", "t", AccessExclusive, false, "explicit-table-lock"),
];

/// Kinds that the linter does not tell from others: it takes their lock for stronger than it is.
const OVERSTATED: &[&str] = &["alter table t alter column code set statistics 500"];

async fn filenode(client: &Client, relation: u32) -> Option<u32> {
    let asked = "select pg_relation_filenode($1::oid::regclass)";
    client.query_one(asked, &[&relation]).await.unwrap().get(0)
}

/// Runs a statement in a transaction that is taken back, and returns the strongest lock on a relation and
/// whether that has another file then.
async fn seen(client: &Client, statement: &str, relation: &str) -> (Option<LockMode>, bool) {
    let oid: u32 =
        client.query_one("select to_regclass($1)::oid", &[&relation]).await.unwrap().get(0);
    let before = filenode(client, oid).await;
    client.batch_execute("begin").await.unwrap();
    client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    let asked = "select mode from pg_locks
        where pid = pg_backend_pid() and locktype = 'relation' and relation = $1";
    let rows = client.query(asked, &[&oid]).await.unwrap();
    let strongest = rows.iter().filter_map(|row| LockMode::parse(row.get(0))).max();
    let exists = "select exists (select from pg_class where oid = $1)";
    let is_there: bool = client.query_one(exists, &[&oid]).await.unwrap().get(0);
    let is_rewritten = is_there && filenode(client, oid).await != before;
    client.batch_execute("rollback").await.unwrap();
    (strongest, is_rewritten)
}

#[tokio::test]
async fn the_server_locks_and_rewrites_as_is_said() {
    let shop = database(SCHEMA).await;
    let client = shop.connect().await.unwrap();
    let mut wrong = Vec::new();
    for Fact(statement, relation, mode, is_rewritten, _) in FACTS {
        let (found, found_rewritten) = seen(&client, statement, relation).await;
        if found != Some(*mode) || found_rewritten != *is_rewritten {
            wrong.push(format!(
                "{statement}: {relation} has {found:?}, written anew: {found_rewritten}; said: {mode:?}, \
                 {is_rewritten}"
            ));
        }
    }
    assert!(FACTS.len() >= 40);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_linter_takes_no_lock_for_weaker_or_stronger_than_it_is() {
    let mut state = SchemaState::default();
    for statement in &Script::parse("schema.sql", SCHEMA).statements {
        state.apply(statement, &Profile::default());
    }
    state.settle();
    let mut wrong = Vec::new();
    for Fact(statement, relation, mode, _, _) in FACTS {
        let script = Script::parse("fact.sql", *statement);
        assert!(script.problems.is_empty(), "{statement}");
        let taken = taken_by(&script.statements[0].action, &state);
        let named = Name::parse(relation);
        let ours = taken.iter().filter(|(name, _)| *name == named).map(|(_, it)| *it).max();
        let Some(ours) = ours.filter(|_| !OVERSTATED.contains(statement)) else {
            if *mode >= Share {
                wrong.push(format!("{statement}: we say nothing of {relation}, the server {mode}"));
            }
            continue;
        };
        let is_right = match ours {
            Strength::Everything => mode.stops_reads(),
            Strength::Writes => !mode.stops_reads(),
        };
        if !is_right {
            wrong.push(format!("{statement}: we say {ours:?}, the server {mode}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_lock_that_a_rule_names_was_seen_on_the_server() {
    let mut unchecked = Vec::new();
    for rule in RULES {
        let about = rule.about();
        let words = format!("{} {}", about.summary, about.why);
        // The longest name first: others end like it.
        let mut modes = LockMode::ALL;
        modes.sort_by_key(|mode| std::cmp::Reverse(mode.name().len()));
        let is_named =
            |mode: &LockMode| words.contains(&format!("{} lock", mode.name().to_uppercase()));
        let Some(named) = modes.into_iter().find(is_named) else { continue };
        let is_about_others = ["data-change-in-schema-transaction"].contains(&about.name);
        let is_seen =
            FACTS.iter().any(|Fact(_, _, mode, _, rule)| *mode == named && *rule == about.name);
        if !is_seen && !is_about_others {
            unchecked.push(format!("{}: {named}", about.name));
        }
    }
    assert!(unchecked.is_empty(), "{}", unchecked.join("\n"));
}

#[tokio::test]
async fn who_is_kept_out_by_a_mode_is_as_said() {
    let shop = database(SCHEMA).await;
    let (holder, other) = (shop.connect().await.unwrap(), shop.connect().await.unwrap());
    for mode in LockMode::ALL {
        holder.batch_execute(&format!("begin; lock table t in {mode} mode")).await.unwrap();
        for (wanted, says) in
            [("access share", mode.stops_reads()), ("row exclusive", mode.stops_writes())]
        {
            let attempt = format!("begin; lock table t in {wanted} mode nowait");
            let is_refused = other.batch_execute(&attempt).await.is_err();
            other.batch_execute("rollback").await.unwrap();
            assert_eq!(is_refused, says, "{wanted} beside {mode}");
        }
        holder.batch_execute("rollback").await.unwrap();
    }
}
