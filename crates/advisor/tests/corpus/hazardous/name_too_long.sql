-- expect: name-too-long
CREATE INDEX CONCURRENTLY accounts_by_tenant_and_email_and_state_and_everything_else_that_matters ON accounts (tenant_id, email);
