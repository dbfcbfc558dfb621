-- expect: nothing
CREATE TABLE big (
  tenant_id uuid NOT NULL, id bigint NOT NULL, at timestamptz NOT NULL, value numeric,
  PRIMARY KEY (tenant_id, id, at)
) PARTITION BY RANGE (at);
CREATE TABLE big_1 PARTITION OF big FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
ALTER TABLE big ENABLE ROW LEVEL SECURITY;
ALTER TABLE big FORCE ROW LEVEL SECURITY;
CREATE POLICY i ON big USING (tenant_id = current_setting('app.tenant')::uuid);
