create table sync_cursors (
    customer_id uuid not null references customers,
    source text not null check (source <> ''),
    stream text not null check (stream <> ''),
    origin text not null check (origin <> ''),
    cursor jsonb not null,
    is_complete boolean not null default false,
    sync_run_id uuid not null,
    advanced_at timestamptz not null default now(),
    primary key (customer_id, source, stream, origin),
    foreign key (customer_id, sync_run_id) references sync_runs
);
comment on table sync_cursors is 'Where reading a stream resumes; moves only together with the rows behind it.';

create index sync_cursors_run on sync_cursors (customer_id, sync_run_id);

select shelfops.protect_tenant_table('sync_cursors');
