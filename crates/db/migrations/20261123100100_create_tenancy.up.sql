-- Who the present tenant is, and how a table is bound to it.
--
-- A setting alone is no proof: whoever may run SQL as the application role may also run SET. So the
-- tenant's id counts only together with a proof: an HMAC-SHA256 over the id and the start of the
-- transaction, made with a key that neither the application role nor the read-only role can read.
-- A proof seen elsewhere is worthless: it holds for one tenant in one transaction.
create table shelfops.tenant_signing_key (
    is_only boolean primary key default true check (is_only),
    -- The key XORed with the inner and the outer padding of HMAC (RFC 2104, block of 64 bytes).
    inner_key bytea not null check (octet_length(inner_key) = 64),
    outer_key bytea not null check (octet_length(outer_key) = 64)
);
comment on table shelfops.tenant_signing_key is
    'Signs the present tenant; readable by the owner only.';

-- gen_random_uuid gives 122 random bits; four of them hash to a key of full strength.
insert into shelfops.tenant_signing_key (inner_key, outer_key)
select
    decode(string_agg(lpad(to_hex(get_byte(secret, place) # 54), 2, '0'), '' order by place), 'hex'),
    decode(string_agg(lpad(to_hex(get_byte(secret, place) # 92), 2, '0'), '' order by place), 'hex')
from (
    select sha512(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) as secret
) as key, generate_series(0, 63) as place;

-- Null when no tenant is set: every tenant table reads as empty then.
create function shelfops.current_customer_id() returns uuid
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    told text := current_setting('app.current_customer_id', true);
    proof text := current_setting('app.tenant_proof', true);
    expected text;
begin
    if told is null or told = '' then
        return null;
    end if;
    select encode(
        sha256(outer_key || sha256(inner_key
            || convert_to(told || '|' || extract(epoch from transaction_timestamp())::text, 'UTF8'))),
        'hex')
    into strict expected
    from shelfops.tenant_signing_key;
    if proof is distinct from expected then
        raise insufficient_privilege using
            message = 'the tenant of this transaction is not proven',
            hint = 'Only ShelfOps sets the tenant; SET app.current_customer_id by hand has no effect.';
    end if;
    return told::uuid;
end
$$;
grant execute on function shelfops.current_customer_id() to shelfops_app, shelfops_readonly;

-- Binds the present transaction to a tenant, for operators at a psql prompt and for migrations.
create function shelfops.enter_tenant(tenant uuid) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    proof text;
begin
    select encode(
        sha256(outer_key || sha256(inner_key
            || convert_to(tenant::text || '|' || extract(epoch from transaction_timestamp())::text, 'UTF8'))),
        'hex')
    into strict proof
    from shelfops.tenant_signing_key;
    perform set_config('app.current_customer_id', tenant::text, true);
    perform set_config('app.tenant_proof', proof, true);
end
$$;

-- The directory of tenants, for operators: the application role sees its own tenant only.
create table shelfops.tenants (
    customer_id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z][a-z0-9-]{0,62}$'),
    created_at timestamptz not null default now()
);
comment on table shelfops.tenants is 'Which tenants exist; a tenant''s own data is in customers.';

-- Everything a tenant-owned table needs, in one place: a table that calls this cannot forget a part.
create function shelfops.protect_tenant_table(
    table_name regclass,
    app_rights text default 'select, insert, update, delete',
    readonly_reads boolean default true
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('alter table %s enable row level security', table_name);
    execute format('alter table %s force row level security', table_name);
    -- The sub-select makes the tenant a parameter that is evaluated once, not once a row.
    execute format(
        'create policy tenant_isolation on %s'
        ' using (customer_id = (select shelfops.current_customer_id()))'
        ' with check (customer_id = (select shelfops.current_customer_id()))', table_name);
    execute format('grant %s on %s to shelfops_app', app_rights, table_name);
    if readonly_reads then
        execute format('grant select on %s to shelfops_readonly', table_name);
    end if;
end
$$;
