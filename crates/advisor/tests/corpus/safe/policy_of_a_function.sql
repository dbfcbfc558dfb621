-- expect: nothing
create function may_see(tenant uuid) returns boolean language sql stable as
    $$ select tenant = current_setting('app.tenant', true)::uuid $$;
alter policy isolation on accounts using (may_see(tenant_id));
