-- data: fails
insert into tenants (tenant_id, name) values ('00000000-0000-0000-0000-000000000010', 'again');
