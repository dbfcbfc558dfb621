-- Says whose key was shown, before the tenant is known: the one question about tenants' rows that has
-- to be answered without a proof of the tenant.
--
-- It answers for an exact hash only, which nobody has who has not seen the key: 256 random bits are not
-- guessed. A key that is unknown, revoked or expired gives no row, and nothing tells which it was.
--
-- Row security is forced on the owner too, so the function enters the tenant that the key names, and
-- leaves it again before it answers: the caller is where it was. Should a statement fail in between,
-- the settings go back with the transaction or savepoint that failed, like everything else in it. The
-- lookup is by the tenant and the hash, which is the key of an index.
create function shelfops.use_api_key(
    tenant uuid,
    hash bytea,
    out customer_id uuid,
    out slug text,
    out api_key_id uuid,
    out name text,
    out scopes text[]
) returns setof record
language plpgsql security definer rows 1
set search_path = pg_catalog, pg_temp
as $$
declare
    tenant_before text := current_setting('app.current_customer_id', true);
    proof_before text := current_setting('app.tenant_proof', true);
    is_found boolean;
begin
    perform shelfops.enter_tenant(tenant);
    select keys.customer_id, tenants.slug, keys.api_key_id, keys.name, keys.scopes
    into customer_id, slug, api_key_id, name, scopes
    from public.api_keys as keys
    join shelfops.tenants on tenants.customer_id = keys.customer_id
    where keys.customer_id = tenant
        and keys.key_hash = hash
        and keys.revoked_at is null
        and (keys.expires_at is null or keys.expires_at > statement_timestamp());
    is_found := found;
    -- Not with every request: a row that is written each time is a row that is vacuumed each time.
    update public.api_keys as keys
    set last_used_at = statement_timestamp()
    where is_found
        and keys.customer_id = tenant
        and keys.key_hash = hash
        and (keys.last_used_at is null
            or keys.last_used_at < statement_timestamp() - interval '1 minute');
    perform set_config('app.current_customer_id', coalesce(tenant_before, ''), true);
    perform set_config('app.tenant_proof', coalesce(proof_before, ''), true);
    if is_found then
        return next;
    end if;
end
$$;
comment on function shelfops.use_api_key(uuid, bytea) is
    'Whose API key has this hash; marks that it was used.';

grant execute on function shelfops.use_api_key(uuid, bytea) to shelfops_app;
