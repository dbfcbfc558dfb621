-- expect: view-bypasses-policies
create view account_names with (security_barrier) as select id, name from accounts;
