-- expect: nothing
alter table events_2026_05 add constraint events_tenant
    foreign key (tenant_id) references tenants (tenant_id) not valid;
alter table events_2026_05 validate constraint events_tenant;
alter table events add constraint events_tenant foreign key (tenant_id) references tenants (tenant_id);
