-- expect: nothing
create view open_accounts with (security_invoker) as select tenant_id, id from accounts where state = 'open';
drop view open_accounts;
create view open_accounts with (security_invoker) as select tenant_id, id, name from accounts where state = 'open';
