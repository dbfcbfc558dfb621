-- data: fails
create index concurrently accounts_x_tenant on accounts_x (tenant_id);
alter table accounts_x add constraint accounts_x_tenant foreign key (tenant_id) references tenants (tenant_id) not valid;
alter table accounts_x validate constraint accounts_x_tenant;
