-- expect: safe
alter table events detach partition events_2 concurrently;
