-- expect: type-change-rewrite
ALTER TABLE accounts ALTER COLUMN legacy_code TYPE integer USING legacy_code::integer;
