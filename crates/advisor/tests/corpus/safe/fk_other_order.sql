-- expect: nothing
create table payments (tenant_id uuid not null references tenants, id bigint not null, invoice_id bigint not null, primary key (tenant_id, id), foreign key (invoice_id, tenant_id) references invoices (id, tenant_id));
create index on payments (tenant_id, invoice_id);
alter table payments enable row level security; alter table payments force row level security;
create policy isolation on payments using (tenant_id = current_setting('app.tenant')::uuid);
