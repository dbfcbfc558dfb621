-- expect: nothing
delete from events where ctid = any (array(select ctid from events where happened_at < '2024-01-01' limit 5000));
