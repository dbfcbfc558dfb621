drop function shelfops.keep_timeseries(text, interval, interval);
drop function shelfops.rolled_up_to();
drop function shelfops.timeseries_policies();
drop function shelfops.describe_chunks(text);
drop function shelfops.known_rows(oid, real);
alter table shelfops.upkeep_schedules drop column last_succeeded_at;
