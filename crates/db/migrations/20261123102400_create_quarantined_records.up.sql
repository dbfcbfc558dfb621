create table quarantined_records (
    customer_id uuid not null references customers,
    quarantined_record_id uuid not null,
    sync_run_id uuid not null,
    source text not null check (source <> ''),
    stream text not null check (stream <> ''),
    origin text not null check (origin <> ''),
    record_number bigint not null check (record_number > 0),
    line_number bigint check (line_number > 0),
    rule text not null check (rule <> ''),
    reason text not null check (reason <> ''),
    raw jsonb not null,
    missing_entity text check (missing_entity in ('store', 'product', 'supplier')),
    missing_external_id text,
    status text not null default 'waiting' check (status in ('waiting', 'replayed', 'discarded')),
    attempt_count integer not null default 1 check (attempt_count > 0),
    quarantined_at timestamptz not null default now(),
    settled_at timestamptz,
    settled_reason text,
    primary key (customer_id, quarantined_record_id),
    -- Reading a file again finds the same bad record at the same place: one row.
    unique (customer_id, source, stream, origin, record_number),
    foreign key (customer_id, sync_run_id) references sync_runs,
    check ((missing_entity is null) = (missing_external_id is null)),
    check ((status = 'waiting') = (settled_at is null))
);
comment on table quarantined_records is 'Records that a rule refused, whole, until they are replayed or discarded.';

create index quarantined_records_run on quarantined_records (customer_id, sync_run_id);
-- The list that people see, and the replay of what waits for a reference.
create index quarantined_records_waiting on quarantined_records (customer_id, rule, quarantined_at)
    where status = 'waiting';
create index quarantined_records_missing on quarantined_records
    (customer_id, source, missing_entity, missing_external_id)
    where status = 'waiting' and missing_entity is not null;

select shelfops.protect_tenant_table('quarantined_records');
