-- expect: nothing
alter table events detach partition events_2026_05 finalize;
