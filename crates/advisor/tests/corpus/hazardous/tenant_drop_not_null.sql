-- expect: tenant-column-nullable
ALTER TABLE events ALTER COLUMN tenant_id DROP NOT NULL;
