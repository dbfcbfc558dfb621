-- expect: type-change-rewrite
ALTER TABLE accounts ALTER COLUMN visits TYPE bigint;
