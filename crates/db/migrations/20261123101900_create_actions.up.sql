create table actions (
    customer_id uuid not null references customers,
    action_id uuid not null,
    alert_id uuid,
    kind text not null check (kind <> ''),
    status text not null default 'proposed'
        check (status in ('proposed', 'approved', 'rejected', 'done', 'failed')),
    details jsonb not null default '{}',
    proposed_by text not null check (proposed_by <> ''),
    decided_by text,
    proposed_at timestamptz not null default now(),
    decided_at timestamptz,
    primary key (customer_id, action_id),
    foreign key (customer_id, alert_id) references alerts on delete cascade,
    check ((decided_by is null) = (decided_at is null))
);
comment on table actions is 'What was done, or is proposed, about an alert.';

create index actions_alert on actions (customer_id, alert_id);

select shelfops.protect_tenant_table('actions');
