-- expect: nothing
select pid, pg_blocking_pids(pid) from pg_stat_activity where query like '%pg_terminate_backend%';
