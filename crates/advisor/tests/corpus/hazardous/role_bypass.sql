-- expect: role-bypasses-isolation
ALTER ROLE reporting BYPASSRLS;
