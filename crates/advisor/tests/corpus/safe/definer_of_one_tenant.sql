-- expect: nothing
create function open_invoices(since timestamptz) returns numeric
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select sum(total) from public.invoices
        where tenant_id = current_setting('app.tenant')::uuid and issued_at >= since);
end
$$;
create function account_of(whose uuid, address text) returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select name from public.accounts where tenant_id = whose and email = address $$;
