-- expect: nothing
create index concurrently accounts_closed on accounts (tenant_id, id) where not is_active;
