-- expect: nothing
ALTER TABLE events ADD CONSTRAINT events_tenant FOREIGN KEY (tenant_id) REFERENCES tenants NOT VALID;
ALTER TABLE events VALIDATE CONSTRAINT events_tenant;
