-- expect: role-bypasses-isolation
create role helpdesk login createrole;
