-- expect: trigger-disabled
select set_config('session_replication_role', 'replica', false);
