-- expect: trigger-disabled
SET session_replication_role = replica;
INSERT INTO tenants (tenant_id, name) VALUES ('00000000-0000-0000-0000-000000000002', 'b');
