-- expect: nothing
COMMENT ON TABLE accounts IS 'Who buys.';
ALTER TABLE accounts ALTER COLUMN state SET DEFAULT 'new';
ALTER TABLE accounts ALTER COLUMN note SET STATISTICS 200;
