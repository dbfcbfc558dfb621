-- expect: foreign-key-across-tenants
ALTER TABLE invoices DROP CONSTRAINT invoices_tenant_id_account_id_fkey;
ALTER TABLE invoices ADD CONSTRAINT invoices_account FOREIGN KEY (account_id) REFERENCES accounts (id) NOT VALID;
