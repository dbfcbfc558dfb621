-- expect: nothing
CREATE INDEX ON ONLY events (tenant_id, happened_at);
CREATE INDEX CONCURRENTLY ev5 ON events_2026_05 (tenant_id, happened_at);
ALTER INDEX events_tenant_id_happened_at_idx ATTACH PARTITION ev5;
