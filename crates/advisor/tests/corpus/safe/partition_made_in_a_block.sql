-- expect: nothing
do $$
begin
    execute format('create table %I partition of events for values from (%L) to (%L)', 'events_2026_08', '2026-08-01', '2026-09-01');
end
$$;
