create table api_keys (
    customer_id uuid not null references customers,
    api_key_id uuid not null,
    name text not null check (name <> ''),
    key_hash bytea not null check (octet_length(key_hash) = 32),
    scopes text[] not null check (cardinality(scopes) > 0),
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (customer_id, api_key_id),
    unique (customer_id, key_hash)
);
comment on table api_keys is 'Keys for the HTTP interface: the hash only, never the key.';

select shelfops.protect_tenant_table('api_keys', 'select, insert, update, delete', false);
