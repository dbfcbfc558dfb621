create table integrations (
    customer_id uuid not null references customers,
    integration_id uuid not null,
    source text not null check (source ~ '^[a-z][a-z0-9_-]{0,62}$'),
    connector text not null check (connector <> ''),
    status text not null default 'pending'
        check (status in ('pending', 'active', 'paused', 'failed', 'revoked')),
    settings jsonb not null default '{}',
    -- Encrypted by the program before it gets here; never readable in the database.
    secrets_ciphertext bytea,
    secrets_key_id text,
    last_error text,
    created_at timestamptz not null default now(),
    primary key (customer_id, integration_id),
    unique (customer_id, source),
    check ((secrets_ciphertext is null) = (secrets_key_id is null))
);
comment on table integrations is 'A tenant''s configured connections to its systems.';

select shelfops.protect_tenant_table('integrations', 'select, insert, update, delete', false);
