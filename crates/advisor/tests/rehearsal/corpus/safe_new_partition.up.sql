-- expect: safe
create table events_5 partition of events for values from ('2026-05-01') to ('2026-06-01');
