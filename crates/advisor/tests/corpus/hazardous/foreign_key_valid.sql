-- expect: foreign-key-without-not-valid
ALTER TABLE events ADD CONSTRAINT events_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id);
