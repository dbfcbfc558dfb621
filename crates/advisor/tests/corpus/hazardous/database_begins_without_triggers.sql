-- expect: trigger-disabled
alter database shop set session_replication_role to 'replica';
