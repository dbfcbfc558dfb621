-- expect: nothing
CREATE OR REPLACE VIEW daily WITH (security_invoker = true) AS SELECT tenant_id, sum(total) AS total FROM accounts_x GROUP BY tenant_id;
