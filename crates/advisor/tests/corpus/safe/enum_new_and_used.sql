-- expect: nothing
BEGIN;
CREATE TYPE pace AS ENUM ('slow', 'fast');
ALTER TABLE accounts ADD COLUMN pace pace NOT NULL DEFAULT 'slow';
COMMIT;
