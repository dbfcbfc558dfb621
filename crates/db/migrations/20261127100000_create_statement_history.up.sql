-- shelfops:as-login (only a superuser may create the extension that counts statements)
-- What the server spent its time on, kept, so that a statement that became slower shows. It is about the
-- whole database and belongs to no tenant. Texts have no values in them, but whose statements ran how often
-- is nobody's business but the operator's: no tenant's role has a right here.
create schema shelfops_statistics authorization shelfops_owner;
comment on schema shelfops_statistics is 'Statements and their times; no tenant''s role has rights here.';

-- The extension goes where nobody can name it: in public, its view would show each tenant's statements to
-- all. Where the server did not load its library, or the login may not create it, nothing is done, and
-- `shelfops query top` says what is missing. One that is there already stays where it is.
do $$
declare
    is_loaded boolean := current_setting('pg_stat_statements.max', true) is not null;
    may_create boolean := (select rolsuper from pg_roles where rolname = current_user);
begin
    if is_loaded and may_create
        and exists (select from pg_available_extensions where name = 'pg_stat_statements')
        and not exists (select from pg_extension where extname = 'pg_stat_statements')
    then
        create extension pg_stat_statements schema shelfops_statistics;
        revoke all on all tables in schema shelfops_statistics from public;
        revoke all on all functions in schema shelfops_statistics from public;
        grant select on all tables in schema shelfops_statistics to shelfops_owner;
        grant execute on all functions in schema shelfops_statistics to shelfops_owner;
    end if;
end
$$;

set local role shelfops_owner;

create table shelfops_statistics.snapshots (
    snapshot_id bigint generated always as identity primary key,
    taken_at timestamptz not null default now()
);
comment on table shelfops_statistics.snapshots is 'When the server''s counters were kept.';
-- The snapshot of a moment is looked for by its time.
create index snapshots_taken_at on shelfops_statistics.snapshots (taken_at);

create table shelfops_statistics.counters (
    snapshot_id bigint not null references shelfops_statistics.snapshots on delete cascade,
    query_id bigint not null,
    calls bigint not null check (calls >= 0),
    total_ms double precision not null check (total_ms >= 0),
    primary key (snapshot_id, query_id)
);
comment on table shelfops_statistics.counters is 'What the server had counted for a statement by then.';

-- A statement that was slow once is looked after until somebody dealt with it.
create table shelfops_statistics.slow_statements (
    statement_id text primary key check (statement_id ~ '^(-?[0-9]{1,19}|log-[0-9a-f]{16})$'),
    statement text not null,
    state text not null default 'open' check (state in ('open', 'advised', 'fixed', 'muted')),
    max_ms double precision not null check (max_ms >= 0),
    mean_ms double precision not null check (mean_ms >= 0),
    calls bigint not null check (calls >= 0),
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    reason text check (length(reason) between 1 and 2000),
    decided_by text,
    decided_at timestamptz,
    constraint slow_statements_reason check (state <> 'muted' or reason is not null)
);
comment on table shelfops_statistics.slow_statements is
    'Statements that were slow, each open until it is advised, fixed or muted with a reason.';

insert into shelfops.upkeep_schedules (kind, every_seconds) values ('statement-history', 3600);

reset role;
