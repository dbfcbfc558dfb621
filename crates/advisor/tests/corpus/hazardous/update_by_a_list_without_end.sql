-- expect: unbounded-data-change
create temporary table wanted as select tenant_id, id from accounts;
update accounts set note = '' where (tenant_id, id) in (select tenant_id, id from wanted);
