-- expect: nothing
create view open_accounts with (security_invoker) as select tenant_id, id from accounts where state = 'open';
create view account_numbers with (security_invoker = on) as select tenant_id, id from open_accounts;
