-- expect: nothing
with batch as (select ctid from events where happened_at < '2024-01-01' limit 1000)
delete from events using batch where events.ctid = batch.ctid;
