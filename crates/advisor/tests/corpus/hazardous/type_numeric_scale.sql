-- expect: type-change-rewrite
ALTER TABLE accounts ALTER COLUMN balance TYPE numeric(12, 4);
