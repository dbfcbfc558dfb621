-- What the migrations of this corpus meet: tables large enough to be noticed, with rows that are wrong in
-- known ways, as a database of some years has them.
create extension if not exists pgcrypto;
create type mood as enum ('good', 'bad');
create domain price as numeric;
create table accounts (
    id bigint primary key,
    tenant_id int not null,
    name varchar(50) not null,
    email text,
    phone text,
    note text,
    empty text,
    code varchar(20),
    visits int not null default 0,
    balance numeric(10, 2) not null
);
create table orders (
    id bigint primary key,
    account_id bigint not null,
    payer_id bigint not null,
    number text not null,
    reference text not null,
    total numeric(12, 2) not null,
    placed_at timestamptz not null
);
create table journal (line bigint not null, said text);
create table prices (id bigint primary key, amount price not null);
create table settings (key text primary key, value text not null, revision int not null default 1);
create table drafts (id bigint primary key, body text);
create table events (id bigint not null, at date not null, primary key (id, at)) partition by range (at);
create table events_1 partition of events for values from ('2026-01-01') to ('2026-02-01');
create table events_2 partition of events for values from ('2026-02-01') to ('2026-03-01');
create table events_3 (id bigint not null, at date not null, primary key (id, at));
create table events_4 (id bigint not null, at date not null, primary key (id, at));
insert into accounts
    select each, each % 50, 'name ' || each, case when each <= 20 then 'same@example.org' else each || '@example.org' end,
        '+' || each, case when each % 1000 <> 0 then 'noted' end, null, 'code ' || each, each % 7 - (each = 77)::int * 100, each
    from generate_series(1, 20000) as each;
insert into orders
    select each, case when each <= 7 then 90000 + each else each end, each, 'n' || each,
        case when each % 10000 = 0 then 'none' else each::text end, each, timestamptz '2026-01-01' + each * interval '1 minute'
    from generate_series(1, 20000) as each;
insert into journal select each, 'x' from generate_series(1, 20000) as each;
insert into prices select each, each from generate_series(1, 20000) as each;
insert into settings select 'key ' || each, 'value ' || each from generate_series(1, 5) as each;
insert into events select each, date '2026-01-01' + each % 50 from generate_series(1, 20000) as each;
insert into events_3 select each, date '2026-03-01' + each % 28 from generate_series(1, 20000) as each;
insert into events_4 select each, date '2026-04-01' + each % 40 from generate_series(1, 20000) as each;
create materialized view totals as select payer_id, sum(total) as total from orders group by 1;
create unique index totals_payer on totals (payer_id);
vacuum analyze;
