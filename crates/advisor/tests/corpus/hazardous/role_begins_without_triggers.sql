-- expect: trigger-disabled
alter role app set session_replication_role = replica;
