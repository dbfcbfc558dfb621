-- expect: row-changes-tenant
insert into accounts (tenant_id, id, name) values ('00000000-0000-0000-0000-000000000010', 4, 'Four')
on conflict (tenant_id, id) do update set tenant_id = '00000000-0000-0000-0000-000000000011';
