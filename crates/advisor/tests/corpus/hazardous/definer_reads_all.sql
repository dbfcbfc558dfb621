-- expect: definer-reads-all-tenants
create function open_invoices(since timestamptz) returns numeric
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select sum(total) from public.invoices where issued_at >= since);
end
$$;
