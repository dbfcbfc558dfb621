-- expect: nothing
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX CONCURRENTLY accounts_name_trgm ON accounts USING gin (name gin_trgm_ops);
