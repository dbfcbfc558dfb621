-- expect: sessions-ended
do $$
begin
    perform pg_catalog.pg_cancel_backend(pid) from pg_stat_activity where state = 'active';
end
$$;
