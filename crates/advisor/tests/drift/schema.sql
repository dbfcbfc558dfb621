-- A schema with one of everything that is compared.
create schema app;
comment on schema app is 'What the shop is made of.';
alter default privileges for role drift_writer in schema app grant select on tables to drift_reader;
alter default privileges for role drift_writer revoke execute on functions from public;

create type app.order_state as enum ('open', 'paid', 'sent');
create domain app.amount as numeric(19, 4) default 0 constraint amount_positive check (value >= 0);
create type app.span as (starts_at timestamptz, ends_at timestamptz);
create type app.amounts as range (subtype = numeric);

create sequence app.tickets increment by 5 start with 100;

create function app.tenant() returns uuid
language sql stable
set search_path = pg_catalog
as $$ select nullif(current_setting('app.tenant', true), '')::uuid $$;
revoke execute on function app.tenant() from public;
grant execute on function app.tenant() to drift_reader;
comment on function app.tenant() is 'Who asks.';

create table app.stores (
    tenant_id uuid not null,
    store_id bigint generated always as identity,
    name text not null,
    city varchar(50),
    opened_on date default current_date,
    ticket bigint default nextval('app.tickets'),
    constraint stores_pkey primary key (tenant_id, store_id),
    constraint stores_name check (name <> '')
);
comment on table app.stores is 'Shops.';
comment on column app.stores.city is 'Where it is.';
alter table app.stores enable row level security;
alter table app.stores force row level security;
create policy isolation on app.stores using (tenant_id = app.tenant()) with check (tenant_id = app.tenant());
grant select, insert on app.stores to drift_writer;
grant update (name) on app.stores to drift_writer;
create index stores_city on app.stores (tenant_id, city);

create table app.orders (
    tenant_id uuid not null,
    order_id bigint not null,
    store_id bigint not null,
    state app.order_state not null default 'open',
    total app.amount not null,
    tax numeric(19, 4) not null default 0,
    gross numeric(19, 4) generated always as (tax + 1) stored,
    note text collate "C",
    placed_at timestamptz not null default now(),
    constraint orders_pkey primary key (tenant_id, order_id),
    constraint orders_store foreign key (tenant_id, store_id) references app.stores,
    constraint orders_tax check (tax >= 0)
) with (fillfactor = 90);
create index orders_store on app.orders (tenant_id, store_id, placed_at desc);
create unique index orders_note on app.orders (tenant_id, lower(note)) where note is not null;
create statistics app.orders_related (dependencies) on store_id, state from app.orders;

create table app.events (
    tenant_id uuid not null,
    happened_at timestamptz not null,
    kind text not null,
    constraint events_pkey primary key (tenant_id, happened_at)
) partition by range (happened_at);
create index events_kind on app.events (kind);
create table app.events_2026 partition of app.events for values from ('2026-01-01') to ('2027-01-01');

create table app.regions (tenant_id uuid not null, region_id bigint not null,
    constraint regions_pkey primary key (tenant_id, region_id));
create table app.visits (
    tenant_id uuid not null,
    region_id bigint not null,
    visited_on date not null,
    constraint visits_region foreign key (tenant_id, region_id) references app.regions
) partition by range (visited_on);
create table app.visits_2026 partition of app.visits for values from ('2026-01-01') to ('2027-01-01');
create table app.visits_2027 partition of app.visits for values from ('2027-01-01') to ('2028-01-01');

create function app.touch() returns trigger language plpgsql as $$
begin
    new.note := coalesce(new.note, '');
    return new;
end
$$;
create function app.keep() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger visits_kept before insert on app.visits for each row execute function app.keep();
create trigger orders_touch before insert or update on app.orders for each row execute function app.touch();

create view app.open_orders with (security_barrier) as
    select tenant_id, order_id, store_id, total, note from app.orders where state = 'open'
    with cascaded check option;
comment on view app.open_orders is 'What is to be done.';
grant select on app.open_orders to drift_reader;
create view app.busy_stores as
    select tenant_id, store_id, count(*) as order_count from app.open_orders group by 1, 2;
create materialized view app.store_totals as
    select tenant_id, store_id, sum(total) as total from app.orders group by 1, 2;
create unique index store_totals_key on app.store_totals (tenant_id, store_id);

create function app.longest(text, text) returns text language sql immutable as $$
    select case when length($1) >= length($2) then $1 else $2 end
$$;
create aggregate app.longest_of(text) (sfunc = app.longest, stype = text, initcond = '');
create rule no_delete as on delete to app.stores do instead nothing;
