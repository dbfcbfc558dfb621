-- expect: view-bypasses-policies
create view account_names with (security_invoker = true) as select tenant_id, id, name from accounts;
alter view account_names reset (security_invoker);
