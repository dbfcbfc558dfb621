-- expect: nothing
grant select (tenant_id, id, name) on accounts to app;
