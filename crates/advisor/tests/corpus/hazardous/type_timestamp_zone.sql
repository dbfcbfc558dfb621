-- expect: type-change-rewrite
ALTER TABLE accounts ALTER COLUMN created_at TYPE timestamp;
