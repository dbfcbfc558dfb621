-- Connecting: who let us in, which authorisation is under way, and whose a vendor's call is.
alter table integrations
    add column external_account text check (external_account <> ''),
    -- Counts replacements of the secrets, so that of two at once one wins.
    add column secrets_revision bigint not null default 0 check (secrets_revision >= 0),
    -- SHA-256 of the state that the tenant was sent to the vendor with; taken away by its first use.
    add column pending_state bytea check (octet_length(pending_state) = 32),
    add column connected_at timestamptz;
comment on column integrations.external_account is 'The tenant as the vendor names it.';

-- A vendor's call names an account and not a tenant, and must be placed before a tenant is entered.
create table shelfops.connected_accounts (
    connector text not null,
    external_account text not null,
    customer_id uuid not null,
    integration_id uuid not null,
    primary key (connector, external_account, customer_id, integration_id),
    foreign key (customer_id, integration_id) references integrations on delete cascade
);
comment on table shelfops.connected_accounts is
    'Which integrations read which vendor''s account; kept by a trigger, readable by the owner only.';

create index connected_accounts_integration on shelfops.connected_accounts (customer_id, integration_id);

-- As the owner: a tenant may not write into a list of all tenants, and its own row says what goes in.
create function shelfops.place_account() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from shelfops.connected_accounts as placed
    where placed.customer_id = new.customer_id and placed.integration_id = new.integration_id;
    if new.external_account is not null and new.status <> 'revoked' then
        insert into shelfops.connected_accounts (connector, external_account, customer_id, integration_id)
        values (new.connector, new.external_account, new.customer_id, new.integration_id);
    end if;
    return null;
end
$$;

create trigger place_account
after insert or update of connector, external_account, status on integrations
for each row execute function shelfops.place_account();
