-- expect: nothing
CREATE TABLE IF NOT EXISTS supplier_scores (
  tenant_id uuid NOT NULL,
  supplier_id bigint NOT NULL,
  period date NOT NULL,
  score numeric(5,2) NOT NULL CHECK (score BETWEEN 0 AND 100),
  PRIMARY KEY (tenant_id, supplier_id, period)
);
CREATE INDEX IF NOT EXISTS supplier_scores_period ON supplier_scores (tenant_id, period);
ALTER TABLE supplier_scores ENABLE ROW LEVEL SECURITY;
ALTER TABLE supplier_scores FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON supplier_scores USING (tenant_id = (SELECT current_setting('app.tenant_id')::uuid)) WITH CHECK (tenant_id = (SELECT current_setting('app.tenant_id')::uuid));
