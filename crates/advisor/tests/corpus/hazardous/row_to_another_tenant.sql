-- expect: row-changes-tenant
update accounts set tenant_id = '00000000-0000-0000-0000-000000000011' where tenant_id = '00000000-0000-0000-0000-000000000010' and id = 4;
