-- expect: nothing
ALTER TABLE accounts ENABLE TRIGGER ALL;
SET session_replication_role = origin;
