create table quality_results (
    customer_id uuid not null references customers,
    quality_result_id uuid not null,
    check_name text not null check (check_name <> ''),
    table_name text not null check (table_name <> ''),
    severity text not null check (severity in ('info', 'warning', 'error')),
    checked_count bigint not null check (checked_count >= 0),
    failed_count bigint not null check (failed_count between 0 and checked_count),
    evidence jsonb not null default '{}',
    checked_at timestamptz not null default now(),
    primary key (customer_id, quality_result_id)
);
comment on table quality_results is 'What a table check found, each time it ran.';

create index quality_results_recent on quality_results (customer_id, check_name, checked_at desc);

select shelfops.protect_tenant_table('quality_results');
