-- expect: nothing
update accounts set note = 'x' where (tenant_id, id) in (('00000000-0000-0000-0000-000000000010', 4), ('00000000-0000-0000-0000-000000000011', 5));
