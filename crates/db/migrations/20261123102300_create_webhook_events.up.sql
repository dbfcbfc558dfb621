create table webhook_events (
    customer_id uuid not null references customers,
    webhook_event_id uuid not null,
    integration_id uuid not null,
    external_event_id text not null check (external_event_id <> ''),
    event_type text not null check (event_type <> ''),
    payload jsonb not null,
    received_at timestamptz not null default now(),
    processed_at timestamptz,
    error text,
    primary key (customer_id, webhook_event_id),
    -- A vendor sends an event again until it is acknowledged. Its prefix stands behind the
    -- reference to integrations.
    unique (customer_id, integration_id, external_event_id),
    foreign key (customer_id, integration_id) references integrations on delete cascade
);
comment on table webhook_events is 'Notifications as they came in, before anything is done with them.';

create index webhook_events_waiting on webhook_events (customer_id, received_at)
    where processed_at is null;

select shelfops.protect_tenant_table('webhook_events', 'select, insert, update, delete', false);
