-- expect: redundant-index
CREATE INDEX CONCURRENTLY again ON accounts USING btree (tenant_id ASC, created_at ASC NULLS LAST);
