-- expect: role-bypasses-isolation
alter role reporting replication;
