drop function shelfops.take_due_schedules();
drop function shelfops.next_due(text, integer, time, text, timestamptz);
drop table shelfops.upkeep_schedules;
drop table schedules;
