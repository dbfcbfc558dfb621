-- expect: explicit-table-lock
BEGIN;
LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE;
UPDATE accounts SET note = 'x' WHERE tenant_id = '00000000-0000-0000-0000-000000000000' AND id = 1;
COMMIT;
