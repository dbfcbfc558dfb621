-- expect: definer-reads-all-tenants
create function account_of(address text) returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select name from public.accounts where email = address $$;
