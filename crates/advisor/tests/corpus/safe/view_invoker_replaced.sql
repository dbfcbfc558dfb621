-- expect: nothing
create or replace view open_accounts with (security_invoker = true, security_barrier = true) as select tenant_id, id, name from accounts where state = 'open';
