create table audit_log (
    customer_id uuid not null references customers,
    audit_entry_id uuid not null,
    principal text not null check (principal <> ''),
    operation text not null check (operation <> ''),
    input jsonb not null default '{}',
    outcome text not null check (outcome in ('done', 'refused', 'failed')),
    detail text,
    occurred_at timestamptz not null default now(),
    primary key (customer_id, audit_entry_id)
);
comment on table audit_log is 'Who changed what, when; nothing in it is ever changed.';

create index audit_log_recent on audit_log (customer_id, occurred_at desc);

select shelfops.protect_tenant_table('audit_log', 'select, insert');
