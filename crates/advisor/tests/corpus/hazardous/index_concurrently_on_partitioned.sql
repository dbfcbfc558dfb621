-- expect: concurrently-in-transaction
CREATE INDEX CONCURRENTLY events_at ON events (tenant_id, happened_at);
