-- expect: foreign-key-type-mismatch
alter table invoices add constraint crosswise foreign key (account_id, tenant_id) references accounts (tenant_id, id) not valid;
