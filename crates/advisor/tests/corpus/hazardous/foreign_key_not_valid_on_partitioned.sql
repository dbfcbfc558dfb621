-- expect: foreign-key-without-not-valid
alter table events add constraint events_tenant foreign key (tenant_id) references tenants (tenant_id) not valid;
