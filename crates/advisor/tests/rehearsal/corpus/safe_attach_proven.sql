-- expect: safe
alter table events_3 add constraint bounds check (at >= '2026-03-01' and at < '2026-04-01') not valid;
alter table events_3 validate constraint bounds;
alter table events attach partition events_3 for values from ('2026-03-01') to ('2026-04-01');
