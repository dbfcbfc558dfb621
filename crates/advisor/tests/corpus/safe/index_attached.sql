-- expect: nothing
create index events_by_time on only events (tenant_id, happened_at);
create index concurrently events_2026_05_by_time on events_2026_05 (tenant_id, happened_at);
alter index events_by_time attach partition events_2026_05_by_time;
