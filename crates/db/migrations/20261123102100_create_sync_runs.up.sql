create table sync_runs (
    customer_id uuid not null references customers,
    sync_run_id uuid not null,
    source text not null check (source <> ''),
    stream text not null check (stream <> ''),
    kind text not null check (kind in ('import', 'sync', 'backfill', 'replay')),
    origin text not null check (origin <> ''),
    origin_name text not null,
    options jsonb not null default '{}',
    status text not null default 'running'
        check (status in ('running', 'succeeded', 'stopped', 'failed')),
    read_count bigint not null default 0 check (read_count >= 0),
    inserted_count bigint not null default 0 check (inserted_count >= 0),
    updated_count bigint not null default 0 check (updated_count >= 0),
    unchanged_count bigint not null default 0 check (unchanged_count >= 0),
    quarantined_count bigint not null default 0 check (quarantined_count >= 0),
    warnings jsonb not null default '{}',
    error text,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (customer_id, sync_run_id),
    -- Every record is somewhere: a run that loses one cannot be written down.
    constraint sync_runs_balance check (
        read_count = inserted_count + updated_count + unchanged_count + quarantined_count
    )
);
comment on table sync_runs is 'One run of a source through the pipeline, and what became of its records.';

create index sync_runs_recent on sync_runs (customer_id, started_at desc);

select shelfops.protect_tenant_table('sync_runs');

comment on column sync_runs.origin is 'What was read: a fingerprint of a file, or a stream of a connection.';
