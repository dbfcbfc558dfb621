-- expect: nothing
alter table accounts add column parent_id bigint;
create index concurrently accounts_parent on accounts (tenant_id, parent_id);
alter table accounts
    add constraint accounts_parent foreign key (tenant_id, parent_id) references accounts (tenant_id, id) not valid;
alter table accounts validate constraint accounts_parent;
