-- expect: nothing
create function account_count() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as
    $$ select count(*) from public.accounts where tenant_id = current_setting('app.tenant')::uuid $$;
