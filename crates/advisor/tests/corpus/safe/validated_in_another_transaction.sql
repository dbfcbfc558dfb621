-- expect: nothing
ALTER TABLE accounts ADD CONSTRAINT name_len CHECK (length(name) < 100) NOT VALID;

BEGIN;
ALTER TABLE accounts VALIDATE CONSTRAINT name_len;
COMMIT;
