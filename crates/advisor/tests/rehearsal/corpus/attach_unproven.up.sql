-- expect: dangerous: events_3
alter table events attach partition events_3 for values from ('2026-03-01') to ('2026-04-01');
