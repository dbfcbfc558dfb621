-- expect: nothing
WITH batch AS (
    SELECT tenant_id, id FROM accounts WHERE note IS NULL LIMIT 1000 FOR UPDATE SKIP LOCKED
)
UPDATE accounts SET note = '' FROM batch
WHERE accounts.tenant_id = batch.tenant_id AND accounts.id = batch.id;
