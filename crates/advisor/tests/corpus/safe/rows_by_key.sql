-- expect: nothing
UPDATE accounts SET note = 'x' WHERE tenant_id = '00000000-0000-0000-0000-000000000000' AND id = 7;
INSERT INTO tenants (tenant_id, name) VALUES ('00000000-0000-0000-0000-000000000001', 'a');
