-- expect: attach-partition-without-check
alter table events attach partition events_2026_06 default;
