-- expect: nothing
ALTER TABLE events_2026_05 ADD CONSTRAINT events_tenant FOREIGN KEY (tenant_id) REFERENCES tenants NOT VALID;
ALTER TABLE events_2026_05 VALIDATE CONSTRAINT events_tenant;
