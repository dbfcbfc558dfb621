-- expect: nothing
create temporary table wanted as select tenant_id, id from accounts where state = 'open' limit 100;
update accounts set note = '' where (tenant_id, id) in (select tenant_id, id from wanted);
