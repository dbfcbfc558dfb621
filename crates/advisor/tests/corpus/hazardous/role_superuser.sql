-- expect: role-bypasses-isolation
ALTER USER app WITH SUPERUSER;
