-- expect: trigger-disabled
do $$ begin execute 'set session_replication_role = replica'; end $$;
