-- expect: nothing
create function states_of_invoices() returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select enumlabel from pg_enum where enumtypid = 'public.invoice_state'::regtype order by enumsortorder $$;
