-- shelfops:as-login (what a superuser created, the owner cannot drop)
delete from shelfops.upkeep_schedules where kind = 'statement-history';
drop table shelfops_statistics.slow_statements;
drop table shelfops_statistics.counters;
drop table shelfops_statistics.snapshots;
-- Only the extension that was created here: one that stands elsewhere was there before.
do $$
begin
    if exists (
        select from pg_extension
        where extname = 'pg_stat_statements' and extnamespace = 'shelfops_statistics'::regnamespace
    ) then
        drop extension pg_stat_statements;
    end if;
end
$$;
drop schema shelfops_statistics;
