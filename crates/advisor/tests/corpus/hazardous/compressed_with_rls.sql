-- expect: rls-on-compressed-hypertable
SELECT create_hypertable('readings', 'at');
ALTER TABLE readings ENABLE ROW LEVEL SECURITY;
ALTER TABLE readings SET (timescaledb.compress);
