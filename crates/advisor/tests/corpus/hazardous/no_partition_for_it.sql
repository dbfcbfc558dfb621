-- data: fails
insert into events (tenant_id, id, happened_at) values ('00000000-0000-0000-0000-000000000010', 1, '2027-01-01');
