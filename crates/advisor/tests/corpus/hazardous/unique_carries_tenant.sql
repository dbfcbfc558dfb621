-- expect: unique-across-tenants
create unique index concurrently accounts_email on accounts (email) include (tenant_id);
