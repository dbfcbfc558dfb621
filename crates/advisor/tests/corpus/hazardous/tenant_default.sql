-- expect: tenant-by-default
alter table accounts alter column tenant_id set default '00000000-0000-0000-0000-000000000001';
