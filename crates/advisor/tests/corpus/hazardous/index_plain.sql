-- expect: index-without-concurrently
CREATE INDEX accounts_email ON accounts (tenant_id, email);
