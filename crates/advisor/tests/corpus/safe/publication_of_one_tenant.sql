-- expect: nothing
CREATE PUBLICATION of_one FOR TABLE accounts WHERE (tenant_id = '00000000-0000-0000-0000-000000000010');
