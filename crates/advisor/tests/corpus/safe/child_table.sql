-- expect: nothing
create table invoice_lines (
  tenant_id uuid not null,
  invoice_id bigint not null,
  line integer not null,
  quantity integer not null check (quantity > 0),
  unit_price numeric(12, 2) not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  primary key (tenant_id, invoice_id, line),
  foreign key (tenant_id, invoice_id) references invoices (tenant_id, id) on delete cascade
);
alter table invoice_lines enable row level security, force row level security;
create policy isolation on invoice_lines using (tenant_id = current_setting('app.tenant')::uuid);
