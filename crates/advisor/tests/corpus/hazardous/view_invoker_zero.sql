-- expect: view-bypasses-policies
create view account_names with (security_invoker = 0) as select tenant_id, id, name from accounts;
