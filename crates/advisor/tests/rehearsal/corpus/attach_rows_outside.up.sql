-- expect: fails: 23514
alter table events attach partition events_4 for values from ('2026-04-01') to ('2026-05-01');
