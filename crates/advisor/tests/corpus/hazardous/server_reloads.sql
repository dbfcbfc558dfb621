-- expect: alter-system
select pg_reload_conf();
